// Random headers of traces: any key may be missing, any value may be extreme.
import fc from 'fast-check';
import { CpuMask } from '../../src/trace/cpu-mask.ts';
import type { HeaderJson } from '../../src/trace/header-json.ts';
import { EVENT_NAMES, recordedFromNames } from '../../src/trace/recorded.ts';

const count = fc.oneof(fc.nat({ max: 10 }), fc.constantFrom(2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER));
const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('', '"', '#', '\n', '__proto__'));
const cpulist = fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 5 }).map((cpus) => CpuMask.of(...cpus).toString());
const wide = fc.oneof(
  count,
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => `0x${value.toString(16)}`),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
);
const name = fc.stringMatching(/^[a-z_]{1,6}$/);
const optional = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[] = []) =>
  fc.record<T, keyof T>(shape, { requiredKeys: required }) as fc.Arbitrary<object>;

const topology = optional(
  { cpu: count, node: count, package: count, core: count, siblings: cpulist, llc: cpulist, capacity: count },
  ['cpu'],
);
const scheduler = optional(
  {
    sched: wide,
    name: text,
    level: count,
    ops_flags: wide,
    ops: fc.array(text, { maxLength: 3 }),
    max_batch: count,
    timeout_ms: count,
    cgroup: wide,
    path: text,
    cid_form: fc.boolean(),
    parent: wide,
  },
  ['sched'],
);
const task = optional(
  {
    pid: count,
    tgid: count,
    comm: text,
    cpus: cpulist,
    policy: count,
    nice: fc.integer({ min: -20, max: 19 }),
    rt_prio: count,
    flags: count,
    cpu: fc.integer(),
    weight: count,
    vtime: wide,
    cgroup: text,
    sched: wide,
  },
  ['pid'],
);

const expectation = optional({
  rules: fc.array(name, { maxLength: 2 }),
  kernel: text,
  verdict: text,
  exit_code: count,
  findings: fc.array(
    optional(
      {
        rule: text,
        verdict: text,
        class: text,
        task: text,
        cpu: count,
        dsq: text,
        sched: text,
        ts: wide,
        kernel: text,
        count,
      },
      ['rule'],
    ),
    { maxLength: 2 },
  ),
  exits: fc.array(optional({ scheduler: text, kind: count, reason: text, message: text }, ['scheduler']), {
    maxLength: 2,
  }),
  fidelity: fc.dictionary(name, fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs), { maxKeys: 2 }),
  evaluated: fc.array(name, { maxLength: 2 }),
});

/** Values of each key of the header. */
export const HEADER_VALUES: Readonly<Record<Exclude<keyof HeaderJson, 'format'>, fc.Arbitrary<unknown>>> = {
  comment: text,
  kernel: text,
  clock: text,
  clock_error_ns: count,
  hz: count,
  cpus: optional({ possible: cpulist, online: cpulist, topology: fc.array(topology, { minLength: 1, maxLength: 3 }) }),
  sched_classes: fc.dictionary(name, wide, { maxKeys: 3 }),
  params: fc.dictionary(name, text, { maxKeys: 3 }),
  cgroups: fc.dictionary(fc.nat().map(String), text, { maxKeys: 3 }),
  sched_ext_state: text,
  hotplug_seq: wide,
  schedulers: fc.array(scheduler, { maxLength: 2 }),
  tasks: fc.array(task, { maxLength: 3 }),
  // A step comes with its type.
  recorded: fc.subarray([...EVENT_NAMES], { maxLength: 12 }).map((names) => [...recordedFromNames(names)]),
  may_be_filtered: fc.boolean(),
  starts_mid_run: fc.boolean(),
  features: fc.uniqueArray(name, { maxLength: 3 }),
  losses: fc.array(fc.record({ cpu: count, overrun: count, dropped: count }), { maxLength: 2 }),
  domain: fc.oneof(text, fc.dictionary(name, fc.oneof(text, count), { maxKeys: 3 })),
  expect: expectation,
};

export const arbitraryHeader: fc.Arbitrary<HeaderJson> = fc
  .record(HEADER_VALUES, { requiredKeys: [] })
  .map((keys) => ({ format: 'scx-trace@1', ...keys }) as HeaderJson);
