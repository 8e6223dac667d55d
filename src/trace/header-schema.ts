// zod schema of a trace header: for the JSON Schema, and to explain a bad header. Loaded only for these.
import { z } from 'zod';
import { CpuMask } from './cpu-mask.ts';
import { TRACE_FORMAT } from './header.ts';
import type { HeaderJson } from './header-json.ts';
import { EVENT_NAMES, type EventName } from './recorded.ts';
import { parseInteger } from './u64.ts';

const cpulist = z
  .string()
  .refine((text) => CpuMask.fromList(text) !== undefined, 'expected a cpulist such as 0-3,8')
  .describe('cpulist, such as 0-3,8');
const wide = z
  .union([
    z.int().min(0),
    z.string().refine((text) => (parseInteger(text) ?? -1n) >= 0n, 'expected a decimal or 0x number'),
  ])
  .describe('64-bit value: a number, or decimal or 0x text');
const eventName = z.enum(EVENT_NAMES as [EventName, ...EventName[]]);
const count = z.int().min(0);

/** What `test` compares a replay with. */
export const expectationSchema = z.strictObject({
  rules: z.array(z.string()).optional().describe('replay with these rules only'),
  kernel: z.string().optional().describe('replay under the semantics of this release'),
  verdict: z.string().optional(),
  exit_code: count.optional(),
  findings: z
    .array(
      z.strictObject({
        rule: z.string(),
        verdict: z.string().optional().describe('default: violation'),
        class: z.string().optional(),
        task: z.string().optional().describe('comm[pid]'),
        cpu: count.optional(),
        dsq: z.string().optional(),
        sched: z.string().optional().describe('name of the scheduler'),
        ts: wide.optional(),
        kernel: z.string().optional().describe('confirmed, masked, contradicted or unknown'),
        count: count.optional().describe('stands for this many findings with these keys'),
      }),
    )
    .optional()
    .describe('all findings that are violations or possible; only the keys that are given are compared'),
  exits: z
    .array(
      z.strictObject({
        scheduler: z.string(),
        kind: count.optional(),
        reason: z.string().optional(),
        message: z.string().optional(),
      }),
    )
    .optional()
    .describe('all schedulers that end'),
  fidelity: z
    .record(z.string(), z.number().min(0).max(1))
    .optional()
    .describe('smallest share that the model must have predicted, by fidelity line'),
  evaluated: z.array(z.string()).optional().describe('rules that must have been checked'),
});

export const headerSchema = z.strictObject({
  format: z.literal(TRACE_FORMAT).describe('format and version'),
  comment: z.string().optional().describe('free text'),
  kernel: z.string().optional().describe('kernel release, as uname prints it'),
  clock: z.string().optional().describe('trace clock'),
  clock_error_ns: count.optional().describe('bound of the difference between the clocks of two CPUs, ns'),
  hz: count.optional().describe('jiffies per second'),
  cpus: z
    .strictObject({
      possible: cpulist.optional(),
      online: cpulist.optional(),
      topology: z
        .array(
          z.strictObject({
            cpu: count,
            node: count.optional(),
            package: count.optional(),
            core: count.optional(),
            siblings: cpulist.optional(),
            llc: cpulist.optional(),
            capacity: count.optional(),
          }),
        )
        .optional(),
    })
    .optional()
    .describe('CPU topology'),
  sched_classes: z.record(z.string(), wide).optional().describe('address of each scheduling class by name'),
  params: z.record(z.string(), z.string()).optional().describe('module parameters of sched_ext'),
  cgroups: z.record(z.string(), z.string()).optional().describe('cgroup paths by id'),
  sched_ext_state: z.string().optional().describe('state of sched_ext at the start: enabled, disabled …'),
  hotplug_seq: wide.optional(),
  schedulers: z
    .array(
      z.strictObject({
        sched: wide,
        name: z.string().optional(),
        level: count.optional(),
        ops_flags: wide.optional(),
        ops: z.array(z.string()).optional().describe('implemented callbacks, without ops.'),
        max_batch: count.optional(),
        timeout_ms: count.optional(),
        cgroup: wide.optional(),
        path: z.string().optional(),
        cid_form: z.boolean().optional(),
        parent: wide.optional(),
      }),
    )
    .optional()
    .describe('scheduler instances that exist at the start'),
  tasks: z
    .array(
      z.strictObject({
        pid: count,
        tgid: count.optional(),
        comm: z.string().optional(),
        cpus: cpulist.optional().describe('effective affinity at the start'),
        policy: count.optional(),
        nice: z.int().optional(),
        rt_prio: count.optional(),
        flags: count.optional(),
        cpu: z.int().optional(),
        weight: count.optional(),
        vtime: wide.optional(),
        cgroup: z.string().optional(),
        sched: wide.optional(),
      }),
    )
    .optional()
    .describe('tasks that exist at the start'),
  recorded: z.array(eventName).optional().describe('event types (or type:step) that were recorded; absent: not known'),
  may_be_filtered: z.boolean().optional().describe('events of some tasks may have been left out: a gap proves nothing'),
  starts_mid_run: z.boolean().optional().describe('the trace begins while a scheduler is loaded'),
  features: z.array(z.string()).optional().describe('features of the kernel that the recording shows'),
  losses: z
    .array(z.strictObject({ cpu: count, overrun: count, dropped: count }))
    .optional()
    .describe('records lost per CPU, as the recorder counted them'),
  domain: z
    .union([z.string(), z.record(z.string(), z.unknown())])
    .optional()
    .describe('how the scheduler keeps vtime: name of a built-in description, or a description'),
  expect: expectationSchema.optional().describe('what scx-check test expects of this trace'),
});

/** The schema describes exactly what the program works with. */
export const headerShape: z.ZodType<HeaderJson> = headerSchema;
