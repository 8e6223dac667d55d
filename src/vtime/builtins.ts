// Domain descriptions of the schedulers of the scx collection, as they keep vtime in August 2026.
import type { AdvanceJson, DescriptionJson, VariantJson } from './description.ts';

/** A CPU that changes its cell carries its basis along (mitosis with cells managed in user space, since 2026-01). */
const RETAG: AdvanceJson = { on: 'retag', basis: 'cell', of: 'newGroup', from: 'cpu', mode: 'max' };

/** Advance lines of mitosis as current, and with the fix that is proposed in scx PR 3593. */
const GATED: readonly AdvanceJson[] = [
  { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max', when: ['!borrowed', 'charge==cpu'] },
  { on: 'stopping', basis: 'cell', of: 'cpu', mode: 'max', when: ['!borrowed', 'charge==cpu'] },
  RETAG,
];
const FIX: VariantJson = {
  chargeGroup: { pinned: 'cpu' },
  advance: [
    { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max', when: ['!borrowed', 'charge==cpu'] },
    { on: 'stopping', basis: 'cell', of: 'charge', mode: 'max' },
    RETAG,
  ],
};

/** History of the advance rule of mitosis; the variants differ in nothing else. */
const MITOSIS_VARIANTS: Readonly<Record<string, VariantJson>> = {
  M0: {
    comment: 'before 2025-10-30',
    advance: [
      { on: 'running', basis: 'cpu', of: 'cpu', mode: 'max' },
      { on: 'running', basis: 'cell', of: 'cpu', mode: 'max' },
    ],
  },
  M1: {
    comment: '2025-10-30, scx PR 2978',
    advance: [
      { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max' },
      { on: 'stopping', basis: 'cell', of: 'task', mode: 'max' },
    ],
  },
  M2: {
    comment: '2025-11-06, scx PR 3015',
    advance: [
      { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max' },
      { on: 'stopping', basis: 'cell', of: 'cpu', mode: 'max' },
      RETAG,
    ],
  },
  M3: {
    comment: '2026-02, with borrowing',
    advance: [
      { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max', when: ['task==cpu'] },
      { on: 'stopping', basis: 'cell', of: 'task', mode: 'max' },
      RETAG,
    ],
  },
  M4: {
    comment: '2026-03-10, scx PR 3417',
    advance: [
      { on: 'stopping', basis: 'cpu', of: 'cpu', mode: 'max', when: ['!borrowed'] },
      { on: 'stopping', basis: 'cell', of: 'task', mode: 'max' },
      RETAG,
    ],
  },
  M5: { comment: '2026-03-26, scx PR 3464', advance: GATED },
  M6: { comment: '2026-06, current', advance: GATED },
  'M6-llc': {
    comment: 'current, LLC-aware',
    bases: [
      { id: 'cell', scope: 'group+llc', init: 0 },
      { id: 'cpu', scope: 'cpu', init: 0 },
    ],
    advance: [...GATED, { on: 'running', basis: 'cell', of: 'task', mode: 'max', when: ['!pinned'] }],
    rebase: { translate: ['domain_change'] },
  },
  F: { comment: 'scx PR 3593, proposed', ...FIX },
};

export const BUILTINS: readonly DescriptionJson[] = [
  {
    name: 'simple',
    charge: { source: 'slice' },
    rebase: { reset: ['enable'] },
    advance: [{ on: 'running', mode: 'max' }],
  },
  {
    name: 'flatcg',
    comment: 'the task level; the tree of cgroups is not described',
    charge: { source: 'slice' },
    bases: [{ id: 'cg', scope: 'cgroup' }],
    queues: [{ name: 'cg', match: 'cgroup-id', basis: 'cg' }],
    advance: [{ on: 'running', basis: 'cg', of: 'task', mode: 'max' }],
    rebase: { reset: ['init_task'], translate: ['cgroup_move'] },
  },
  {
    name: 'p2dq',
    comment: 'a clock that sums up: tasks of low weight move ahead of it by design',
    bases: [{ id: 'llc', scope: 'llc' }],
    lag: { ns: '6.4ms', weight: 'mul', floorZero: true },
    advance: [
      { on: 'stopping', basis: 'llc', of: 'task', mode: 'sum' },
      { on: 'running', basis: 'llc', of: 'task', mode: 'max', when: ['below:6.4ms'] },
    ],
    rebase: { reset: ['init_task', 'domain_change'] },
    watchdog: '25s',
    limits: { drift: 'rate' },
  },
  {
    name: 'layered',
    groups: { task: 'event', cpu: 'event' },
    bases: [{ id: 'll', scope: 'group+llc' }],
    cap: { slices: 8192, action: 'clamp' },
    charge: { yield: 'slice', min: '0' },
    advance: [{ on: 'running', basis: 'll', of: 'task', mode: 'max' }],
    rebase: { reset: ['group_change'], translate: ['domain_change'] },
  },
  {
    name: 'rusty',
    groups: { task: 'event' },
    bases: [{ id: 'dom', scope: 'group' }],
    keyOffsetMax: '100ms',
    advance: [{ on: 'running', basis: 'dom', of: 'task', mode: 'max' }],
    rebase: { reset: ['enable', 'domain_change'] },
    watchdog: '10s',
  },
  {
    name: 'bpfland',
    slice: '1ms',
    lag: { ns: '40ms', weight: 'mul', factorMax: 64 },
    keyOffsetMax: '4s',
    advance: [{ on: 'running', mode: 'max' }],
    rebase: { reset: ['enable'] },
    compare: 'unsigned',
    watchdog: '5s',
  },
  { name: 'cosmos', extends: 'bpfland', charge: { capacity: true }, compare: 'wrap' },
  { name: 'flash', extends: 'bpfland' },
  {
    name: 'lavd',
    comment: 'a logical clock with deadlines: only order and key sanity can be checked',
    charge: { source: 'none' },
    advance: [],
    compare: 'unsigned',
    limits: { drift: 'off' },
  },
  {
    name: 'mitosis',
    groups: { task: 'event', cpu: 'event', initial: 0 },
    bases: [
      { id: 'cell', scope: 'group', init: 0 },
      { id: 'cpu', scope: 'cpu', init: 0 },
    ],
    queues: [
      {
        name: 'cpuq',
        match: { mask: '0xf0000000', value: '0x10000000' },
        index: { cpu: '27:0' },
        basis: 'cpu',
        drift: ['cpu', 'cell'],
        compareWith: ['cellq'],
        tie: 'cellq',
      },
      {
        name: 'cellq',
        match: { mask: '0xf0000000', value: '0x20000000' },
        index: { group: '27:16', llc: '15:0' },
        basis: 'cell',
        drift: ['cell'],
        compareWith: ['cpuq'],
        tie: 'cellq',
      },
    ],
    advance: GATED,
    cap: { slices: 8192, action: 'error' },
    rebase: { reset: ['init_task', 'set_cpumask', 'cgroup_move', 'group_change'] },
    variants: MITOSIS_VARIANTS,
  },
  { name: 'mitosis-fix', extends: 'mitosis', ...FIX },
];

export function findBuiltin(name: string): DescriptionJson | undefined {
  return BUILTINS.find((entry) => entry.name === name);
}

export const BUILTIN_NAMES: readonly string[] = BUILTINS.map((entry) => entry.name ?? '');
