// Checks the header of a canonical trace without the schema: exact, fast, silent. What it refuses the schema explains.
import { CpuMask } from './cpu-mask.ts';
import type { ExpectationJson } from './expectation.ts';
import { TRACE_FORMAT } from './header.ts';
import type { HeaderJson } from './header-json.ts';
import { isEventName } from './recorded.ts';
import { parseInteger } from './u64.ts';

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const integer: Check = (value) => Number.isSafeInteger(value);
const natural: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const wide: Check = (value) => natural(value) || (typeof value === 'string' && (parseInteger(value) ?? -1n) >= 0n);
const cpulist: Check = (value) => typeof value === 'string' && CpuMask.fromList(value) !== undefined;
const eventName: Check = (value) => typeof value === 'string' && isEventName(value);

const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const recordOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
const objectOf =
  (required: Readonly<Record<string, Check>>, optional: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value)) return false;
    for (const [key, check] of Object.entries(required)) if (!check(value[key])) return false;
    for (const [key, entry] of Object.entries(value)) {
      if (Object.hasOwn(required, key)) continue;
      const check = Object.hasOwn(optional, key) ? optional[key] : undefined;
      if (check === undefined || !check(entry)) return false;
    }
    return true;
  };

const topology = objectOf(
  { cpu: natural },
  { node: natural, package: natural, core: natural, siblings: cpulist, llc: cpulist, capacity: natural },
);
const scheduler = objectOf(
  { sched: wide },
  {
    name: text,
    level: natural,
    ops_flags: wide,
    ops: listOf(text),
    max_batch: natural,
    timeout_ms: natural,
    cgroup: wide,
    path: text,
    cid_form: flag,
    parent: wide,
  },
);
const task = objectOf(
  { pid: natural },
  {
    tgid: natural,
    comm: text,
    cpus: cpulist,
    policy: natural,
    nice: integer,
    rt_prio: natural,
    flags: natural,
    cpu: integer,
    weight: natural,
    vtime: wide,
    cgroup: text,
    sched: wide,
  },
);
const share: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const expectation = objectOf(
  {},
  {
    rules: listOf(text),
    kernel: text,
    verdict: text,
    exit_code: natural,
    findings: listOf(
      objectOf(
        { rule: text },
        {
          verdict: text,
          class: text,
          task: text,
          cpu: natural,
          dsq: text,
          sched: text,
          ts: wide,
          kernel: text,
          count: natural,
        },
      ),
    ),
    exits: listOf(objectOf({ scheduler: text }, { kind: natural, reason: text, message: text })),
    fidelity: recordOf(share),
    evaluated: listOf(text),
  },
);
const header = objectOf(
  { format: (value) => value === TRACE_FORMAT },
  {
    comment: text,
    kernel: text,
    clock: text,
    clock_error_ns: natural,
    hz: natural,
    cpus: objectOf({}, { possible: cpulist, online: cpulist, topology: listOf(topology) }),
    sched_classes: recordOf(wide),
    params: recordOf(text),
    cgroups: recordOf(text),
    sched_ext_state: text,
    hotplug_seq: wide,
    schedulers: listOf(scheduler),
    tasks: listOf(task),
    recorded: listOf(eventName),
    may_be_filtered: flag,
    starts_mid_run: flag,
    features: listOf(text),
    losses: listOf(objectOf({ cpu: natural, overrun: natural, dropped: natural }, {})),
    domain: (value) => text(value) || isObject(value),
    expect: expectation,
  },
);

export function isHeaderJson(json: unknown): json is HeaderJson {
  return header(json);
}

export function isExpectationJson(json: unknown): json is ExpectationJson {
  return expectation(json);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
