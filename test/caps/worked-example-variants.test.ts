// The worked example, wrong in one place each: the rule that guards the place says so, and is silent about the original.
import { expect, test } from 'vitest';
import { Script } from './script.ts';

const IMMED = '0x200000000';
const on = (cpu: number, type: string, fields: object) => ({ cpu, type, ...fields });
const told = (cpu: number, sched: number, cids: string, caps: string, base = 8) =>
  (['begin', 'end'] as const).map((phase) =>
    on(cpu, 'cap_notify', {
      op: 'sub_caps_updated',
      phase,
      sched,
      ...(phase === 'begin' ? { cids, base, nr_cids: 8, caps } : {}),
    }),
  );
const pass = (cpu: number, curr = 0) => [
  on(cpu, 'pick', { phase: 'begin', rq: cpu, curr }),
  on(cpu, 'consume', { phase: 'begin', rq: cpu, sched: 1, dsq: 'global' }),
  on(cpu, 'consume', { phase: 'end', rq: cpu, ret: 0 }),
  on(cpu, 'pick', { phase: 'end', rq: cpu, verdict: 'none' }),
];
const sysfs = (sched: number, caps: string, cids: string) => on(4, 'cap_query', { step: 'sysfs', sched, caps, cids });
const resolve = (
  cpu: number,
  sched: number,
  rq: number,
  pid: number,
  found: string,
  ecaps: string,
  more: object = {},
) => [
  on(cpu, 'reject', {
    step: 'resolve',
    phase: 'begin',
    sched,
    rq,
    pid,
    enq_flags: '0x0',
    migration_disabled: 0,
    ecaps,
  }),
  on(cpu, 'reject', { step: 'resolve', phase: 'end', rq, pid, found, enq_flags: '0x0', ...more }),
];
const switchTo = (cpu: number, prev: number, next: number, slice = 20_000_000) =>
  on(cpu, 'switch', { prev, next, next_slice: slice, next_scx_flags: '0x405', prev_state: 0 });
const rescue = (step: string, pid: number, more: object = {}) => on(9, 'rescue', { step, rq: 9, pid, ...more });

interface Variant {
  readonly what: string;
  readonly rules: readonly string[];
  readonly change: (script: Script) => Script;
}

const END_7 = { phase: 'end', caps: '0x7' };

const VARIANTS: readonly Variant[] = [
  {
    what: 'step 7 gives A1 what A does not hold',
    rules: ['grant-literal-only', 'cap-child-subset'],
    change: (s) =>
      s
        .edit(7, 'cap_grant', END_7, { ret: 0, denied_cids: '' })
        .edit(8, 'cap_query', { phase: 'end', caps: '0x4' }, { cids: '6-7,12-13' }),
  },
  {
    what: 'step 7 gives half of what was asked for',
    rules: ['grant-all-or-nothing'],
    change: (s) => s.edit(8, 'cap_query', { phase: 'end', caps: '0x1' }, { cids: '6,12-15' }),
  },
  {
    what: 'step 7 returns 0 and names refused cids',
    rules: ['grant-retval'],
    change: (s) => s.edit(7, 'cap_grant', END_7, { ret: 0 }),
  },
  {
    what: 'step 7 fails and names no refused cid',
    rules: ['grant-retval'],
    change: (s) => s.edit(7, 'cap_grant', END_7, { denied_cids: '' }),
  },
  {
    what: 'step 7 refuses cid 13, which A holds',
    rules: ['grant-no-oversight'],
    change: (s) => s.edit(7, 'cap_grant', END_7, { denied_cids: '6-7,13' }).drop(7, 'cap_sync', { cid: 13 }),
  },
  {
    what: 'step 17 passes on what is only implied',
    rules: ['grant-literal-only'],
    change: (s) => s.edit(17, 'cap_grant', { phase: 'end' }, { ret: 0, denied_cids: '' }),
  },
  {
    what: 'A1 keeps cid 12 in step 10',
    rules: ['revoke-subtree'],
    change: (s) => s.edit(10, 'cap_query', { cgroup: 200 }, { cids: '12-15' }),
  },
  {
    what: 'A loses cid 9 in step 10',
    rules: ['revoke-scope'],
    change: (s) => s.edit(10, 'cap_query', { cids: '9-11,13-15' }, { cids: '10-11,13-15' }),
  },
  {
    what: 'the fold of step 11 leaves something',
    rules: ['ecaps-is-closure'],
    change: (s) => s.edit(11, 'cap_sync', { step: 'entry' }, { ecaps: '0x1' }),
  },
  {
    what: 'cid 8 is lost before any fold',
    rules: ['ecaps-writers'],
    change: (s) => s.edit(9, 'reject', { phase: 'begin', pid: 100 }, { ecaps: '0x0' }),
  },
  {
    what: 'CPU 8 dispatches in step 11 and does not fold',
    rules: ['ecaps-pending'],
    change: (s) =>
      s
        .drop(11, 'cap_sync')
        .drop(11, 'cap_notify')
        .drop(11, 'reenqueue')
        .drop(12, 'reenqueue')
        .drop(12, 'dsq_unlink')
        .drop(12, 'ops_enqueue')
        .append(11, ...pass(8), ...pass(8), on(8, 'flush', { phase: 'begin', rq: 8, sched: 2, n: 0, ecaps: '0x7' })),
  },
  {
    what: 'CPU 8 makes ten passes in step 11 and folds in none',
    rules: ['fold-latency'],
    change: (s) =>
      s
        .drop(11, 'cap_sync')
        .drop(11, 'cap_notify')
        .drop(11, 'reenqueue')
        .drop(12, 'reenqueue')
        .drop(12, 'dsq_unlink')
        .drop(12, 'ops_enqueue')
        .append(11, ...Array.from({ length: 10 }, () => pass(8)).flat()),
  },
  {
    what: 'A is told in step 11 that it had less before',
    rules: ['ecaps-report-chain'],
    change: (s) => s.edit(11, 'cap_notify', { op: 'sub_ecaps_updated' }, { old_ecaps: '0x3' }),
  },
  {
    what: 'A is not told of CPU 10 in step 5',
    rules: ['unbypass-replay', 'ecaps-report-eventual'],
    change: (s) => s.drop(5, 'cap_notify', { cid: 10 }),
  },
  {
    what: 'A is told in step 1, before it is live',
    rules: ['caps-notify-live'],
    change: (s) => s.after(1, 'cap_grant', { phase: 'end' }, ...told(1, 2, '8-15', '0x7')),
  },
  {
    what: 'A is not told of cid 15 in step 4',
    rules: ['caps-notify-exact'],
    change: (s) => s.edit(4, 'cap_notify', { phase: 'begin' }, { cids: '8-14' }),
  },
  {
    what: 'A is told twice at once in step 4',
    rules: ['caps-notify-serial'],
    change: (s) => s.after(4, 'cap_notify', { phase: 'begin' }, ...told(5, 2, '8', '0x7')),
  },
  {
    what: 'A is told of a mask that is no shard',
    rules: ['caps-notify-shard'],
    change: (s) => s.edit(4, 'cap_notify', { phase: 'begin' }, { base: 4 }),
  },
  {
    what: 'A1 is never told of step 7',
    rules: ['caps-notify-eventual'],
    change: (s) => s.drop(7, 'cap_notify'),
  },
  {
    what: 'an insert on cid 8 is let in after A has lost it',
    rules: ['insert-needs-cap'],
    change: (s) =>
      s
        .edit(14, 'reject', { phase: 'end', pid: 102 }, { found: 'local' })
        .edit(14, 'dsq_link', { pid: 102 }, { dsq: 'local', dsq_cpu: 8 })
        .drop(14, 'reject', { step: 'reenqueue' })
        .drop(14, 'dsq_unlink')
        .drop(14, 'ops_enqueue', { rq: 8 }),
  },
  {
    what: 't0 is rejected in step 9 although A holds cid 8',
    rules: ['reject-justified'],
    change: (s) =>
      s
        .edit(9, 'reject', { phase: 'end', pid: 100 }, { found: 'reject', missing_caps: '0x2', missing_cid: 8 })
        .edit(9, 'dsq_link', { pid: 100 }, { dsq: 'reject' }),
  },
  {
    what: 't2 is rejected for lack of the wrong thing',
    rules: ['reject-justified'],
    change: (s) => s.edit(14, 'reject', { phase: 'end', pid: 102 }, { missing_caps: '0x1' }),
  },
  {
    what: 't2 comes back for lack of the wrong thing',
    rules: ['reenq-reason-exclusive'],
    change: (s) => s.edit(14, 'ops_enqueue', { phase: 'begin', rq: 8 }, { missing_caps: '0x1' }),
  },
  {
    what: 't2 comes back for the wrong cid',
    rules: ['reenq-reason-exclusive'],
    change: (s) => s.edit(14, 'ops_enqueue', { phase: 'begin', rq: 8 }, { missing_cid: 3 }),
  },
  {
    what: 't2 runs instead of coming back',
    rules: ['reject-leads-to-reenq'],
    change: (s) => s.drop(14, 'ops_enqueue', { rq: 8 }).append(14, switchTo(8, 90, 102)),
  },
  {
    what: 't2 comes back to R',
    rules: ['reject-leads-to-reenq', 'task-owner'],
    change: (s) => s.edit(14, 'ops_enqueue', { phase: 'begin', rq: 8 }, { sched: 1 }),
  },
  {
    what: 'the scan of step 12 does not come',
    rules: ['revoke-scan-runs'],
    change: (s) =>
      s
        .drop(12, 'reenqueue')
        .drop(12, 'dsq_unlink')
        .drop(12, 'ops_enqueue')
        .append(12, ...pass(8, 90)),
  },
  {
    what: 't0 survives the scan of step 12',
    rules: ['revoke-queue-purged'],
    change: (s) => s.drop(12, 'reenqueue', { step: 'cap_revoke' }).drop(12, 'dsq_unlink').drop(12, 'ops_enqueue'),
  },
  {
    what: 'u0 keeps its slice after the scan of step 13',
    rules: ['revoke-evict-curr'],
    change: (s) => s.edit(13, 'pick', { phase: 'begin', curr: 110, slice: 0 }, { slice: 8_000_000 }),
  },
  {
    what: 't0 is switched in on CPU 8 after the pass of the fold',
    rules: ['no-capless-run'],
    change: (s) =>
      s
        .drop(12, 'reenqueue')
        .drop(12, 'dsq_unlink')
        .drop(12, 'ops_enqueue')
        .append(12, ...pass(8, 90), switchTo(8, 90, 100)),
  },
  {
    what: 'A makes the slice of t0 on CPU 8 longer after step 11',
    rules: ['slice-extend-needs-base'],
    change: (s) =>
      s.append(11, on(8, 'set_slice', { step: 'core', pid: 100, sched: 2, old_slice: 1_000_000, slice: 9_000_000 })),
  },
  {
    what: 'u0 is kept on CPU 12 for lack of other work',
    rules: ['keep-needs-base'],
    change: (s) =>
      s
        .edit(13, 'pick', { phase: 'end', verdict: 'none' }, { verdict: 'task', pid: 110, slice: 20_000_000 })
        .drop(13, 'stop')
        .drop(13, 'ops_enqueue')
        .drop(13, 'switch'),
  },
  {
    what: 'the head of the local DSQ of CPU 8 is refilled after A has lost it',
    rules: ['refill-needs-base'],
    change: (s) =>
      s
        .drop(12, 'reenqueue')
        .drop(12, 'dsq_unlink')
        .drop(12, 'ops_enqueue')
        .append(
          12,
          on(8, 'set_slice', { step: 'core', pid: 100, slice: 0 }),
          on(8, 'pick', { phase: 'begin', rq: 8, curr: 0, local_nr: 1 }),
          on(8, 'pick', { phase: 'end', rq: 8, verdict: 'task', pid: 100, slice: 20_000_000, local_nr: 1 }),
        ),
  },
  {
    what: 'the kick of CPU 14 takes the slice',
    rules: ['preempt-needs-cap'],
    change: (s) => s.edit(18, 'kick', { step: 'deliver', target: 14 }, { zeroed: true }),
  },
  {
    what: 'the kick of CPU 14 does nothing',
    rules: ['preempt-degrade'],
    change: (s) => s.edit(18, 'kick', { step: 'deliver', target: 14 }, { resched: false }),
  },
  {
    what: 'the kick of CPU 12 makes it reschedule',
    rules: ['kick-needs-base'],
    change: (s) => s.edit(18, 'kick', { step: 'deliver', target: 12 }, { resched: true }),
  },
  {
    what: 'R lets A1 dispatch',
    rules: ['sub-dispatch-distant', 'sub-dispatch-direct'],
    change: (s) =>
      s
        .edit(14, 'sub_dispatch', { phase: 'begin' }, { cgroup: 200 })
        .edit(14, 'flush', { sched: 2, phase: 'begin' }, { sched: 3, ecaps: '0x0', n: 0 }),
  },
  {
    what: 'A1 dispatches on CPU 12, which it has lost',
    rules: ['sub-dispatch-needs-base'],
    change: (s) =>
      s.append(
        13,
        on(12, 'pick', { phase: 'begin', rq: 12, curr: 0 }),
        on(12, 'sub_dispatch', { phase: 'begin', sched: 2, cgroup: 200, rq: 12 }),
        on(12, 'flush', { phase: 'begin', rq: 12, sched: 3, n: 0 }),
      ),
  },
  {
    what: 'A is told that CPU 8 is idle after it has lost it',
    rules: ['idle-holder'],
    change: (s) => s.append(11, on(8, 'ops_call', { op: 'update_idle', sched: 2, cid: 8, idle: true })),
  },
  {
    what: 'A is not told that CPU 9 is idle',
    rules: ['idle-renotify'],
    change: (s) =>
      s.drop(5, 'ops_call').append(5, on(9, 'idle', { step: 'update', target: 9, idle: false, notify: true })),
  },
  {
    what: 'A is told twice that CPU 9 is not idle',
    rules: ['idle-alternate'],
    change: (s) =>
      s.append(
        5,
        ...[1, 2].flatMap(() => [
          on(9, 'idle', { step: 'update', target: 9, idle: false, notify: true }),
          on(9, 'ops_call', { op: 'update_idle', sched: 1, cid: 9, idle: false }),
          on(9, 'ops_call', { op: 'update_idle', sched: 2, cid: 9, idle: false }),
        ]),
      ),
  },
  {
    what: 'R is told that CPU 9 is not idle, and A is not',
    rules: ['idle-complete'],
    change: (s) =>
      s.append(
        5,
        on(9, 'idle', { step: 'update', target: 9, idle: false, notify: true }),
        on(9, 'ops_call', { op: 'update_idle', sched: 1, cid: 9, idle: false }),
        on(9, 'idle', { step: 'update', target: 9, idle: true, notify: true }),
      ),
  },
  {
    what: 'a scheduler is enabled at level 4',
    rules: ['sub-max-depth', 'tree-shape'],
    change: (s) =>
      s.append(
        8,
        on(1, 'sched_attach', { step: 'sub_enable', phase: 'begin' }),
        on(1, 'sched_attach', {
          step: 'link',
          sched: 9,
          name: 'D',
          level: 4,
          cgroup: 400,
          path: '/A/A1/D',
          parent_sched: 3,
        }),
        on(1, 'sched_attach', { step: 'sub_enable', phase: 'end' }),
      ),
  },
  {
    what: 'A ends as if its parent ended',
    rules: ['kill-effects'],
    change: (s) =>
      s
        .edit(19, 'sched_exit', { sched: 2, phase: 'begin' }, { exit_kind: 68 })
        .edit(19, 'sched_exit', { sched: 2, phase: 'end' }, { exit_kind: 68 }),
  },
  {
    what: 'A1 ends as if its parent ended, which it does not',
    rules: ['exit-propagation'],
    change: (s) => s.drop(19, 'sub_kill').drop(19, 'sched_exit', { sched: 2 }).drop(19, 'sched_detach', { sched: 2 }),
  },
  {
    what: 'A is unlinked before A1',
    rules: ['attach-order'],
    change: (s) =>
      s
        .drop(19, 'sched_detach', { step: 'unlink', sched: 2 })
        .after(19, 'sched_exit', { sched: 3, phase: 'end' }, on(5, 'sched_detach', { step: 'unlink', sched: 2 })),
  },
  {
    what: 'A has a task while it bypasses',
    rules: ['bypass-silent'],
    change: (s) => s.append(2, on(9, 'ops_call', { op: 'enqueue', sched: 2, pid: 100, rq: 9 })),
  },
  {
    what: 'a task of A waits with A while A bypasses',
    rules: ['bypass-route'],
    change: (s) =>
      s.after(
        3,
        'task_enable',
        { pid: 110 },
        on(8, 'dsq_link', {
          pid: 100,
          dsq: 'bypass',
          dsq_cpu: 8,
          sched: 2,
          task_cpu: 8,
          enq_flags: '0x0',
          migration_disabled: 0,
        }),
      ),
  },
  {
    what: 'A leaves bypass twice',
    rules: ['bypass-depth'],
    change: (s) =>
      s.append(
        5,
        on(1, 'bypass', { step: 'switch', phase: 'begin', sched: 2, bypass: false, depth: 0 }),
        on(1, 'bypass', { step: 'switch', phase: 'end', sched: 2, bypass: false, depth: -1 }),
      ),
  },
  {
    what: 't2 comes back for the 300th time',
    rules: ['reenq-count'],
    change: (s) => s.edit(14, 'ops_enqueue', { phase: 'begin', rq: 8 }, { reenq_cnt: 299 }),
  },
  {
    what: 'A sets the performance of cid 9 without perf',
    rules: ['perf-needs-cap'],
    change: (s) => s.append(9, on(9, 'cidperf', { sched: 2, cid: 9, perf: 100, ret: 0 })),
  },
  {
    what: 'R revokes a capability that does not exist',
    rules: ['sub-cap-invalid-caps'],
    change: (s) => s.edit(10, 'cap_revoke', { phase: 'begin' }, { caps: '0x10' }),
  },
  {
    what: 'R asks for itself and lacks cid 9',
    rules: ['cap-root-full'],
    change: (s) => s.edit(16, 'cap_query', { sched: 1 }, { cids: '0-8,10-15' }),
  },
  {
    what: 'A is told of a set that no fold makes',
    rules: ['cap-valid-bits'],
    change: (s) => s.edit(11, 'cap_notify', { op: 'sub_ecaps_updated' }, { ecaps: '0x5' }),
  },
  {
    what: 'A1 holds cid 15 before A has granted it',
    rules: ['cap-initial-empty', 'cap-writer'],
    change: (s) => s.after(6, 'ops_call', { op: 'init' }, sysfs(3, '0x2', '15')),
  },
  {
    what: 'A holds perf, which nobody granted',
    rules: ['cap-writer'],
    change: (s) => s.append(9, sysfs(2, '0x8', '10')),
  },
  {
    what: 'A does not see cid 14 of A1',
    rules: ['query-literal'],
    change: (s) => s.edit(8, 'cap_query', { phase: 'end', caps: '0x1' }, { cids: '12-13,15' }),
  },
  {
    what: 'A sees what it holds by implication',
    rules: ['query-literal'],
    change: (s) => s.edit(17, 'cap_query', { sched: 2 }, { cids: '9-11,13-15' }),
  },
  {
    what: 'R grants to its grandchild with success',
    rules: ['cap-relation-args', 'sub-cap-not-direct-child'],
    change: (s) =>
      s.append(
        8,
        on(3, 'cap_grant', { phase: 'begin', sched: 1, cgroup: 200, caps: '0x1', cids: '14', base: 0, nr_cids: 16 }),
        on(3, 'cap_grant', { phase: 'end', sched: 1, cgroup: 200, caps: '0x1', ret: 0 }),
      ),
  },
  {
    what: 'CPU 9 comes back with what A held before it went',
    rules: ['ecaps-offline-zero'],
    change: (s) =>
      s.append(
        8,
        on(9, 'cpu_offline', { target: 9 }),
        on(9, 'cpu_online', { target: 9 }),
        ...resolve(9, 2, 9, 102, 'local', '0x7'),
      ),
  },
  {
    what: 'A1 has more in effect on CPU 13 than A',
    rules: ['ecaps-hierarchy'],
    change: (s) =>
      s.append(
        8,
        on(13, 'cap_sync', { step: 'entry', sched: 2, rq: 13, old_ecaps: '0x7', ecaps: '0x1' }),
        ...pass(13),
        on(13, 'flush', { phase: 'begin', rq: 13, sched: 3, n: 0, ecaps: '0x7' }),
      ),
  },
  {
    what: 'R is told of effective capabilities',
    rules: ['ecaps-report-context'],
    change: (s) =>
      s.append(
        8,
        on(9, 'cap_notify', { op: 'sub_ecaps_updated', sched: 1, rq: 9, cid: 9, old_ecaps: '0x0', ecaps: '0xf' }),
      ),
  },
  {
    what: 'the rejected insert is still IMMED',
    rules: ['divert-strips'],
    change: (s) =>
      s
        .edit(14, 'reject', { phase: 'end', pid: 102 }, { enq_flags: IMMED })
        .edit(14, 'dsq_link', { pid: 102 }, { enq_flags: IMMED }),
  },
  {
    what: 't2 is forced in although nothing stands against refusing it',
    rules: ['forced-admit-justified'],
    change: (s) =>
      s
        .edit(14, 'reject', { phase: 'end', pid: 102 }, { found: 'local' })
        .after(
          14,
          'reject',
          { phase: 'begin', pid: 102 },
          on(9, 'scx_event', { name: 'SCX_EV_SUB_FORCED_ADMIT', delta: 1 }),
        )
        .edit(14, 'dsq_link', { pid: 102 }, { dsq: 'local', dsq_cpu: 8 })
        .drop(14, 'reject', { step: 'reenqueue' })
        .drop(14, 'dsq_unlink')
        .drop(14, 'ops_enqueue', { rq: 8 }),
  },
  {
    what: 'a verdict names the REJECT DSQ and gets it',
    rules: ['reject-no-bpf-target'],
    change: (s) => s.append(14, on(9, 'find_dsq', { sched: 2, dsq: 'reject', found: 'reject' })),
  },
  {
    what: 'a task of R is rejected',
    rules: ['root-never-rejected'],
    change: (s) => s.append(9, ...resolve(8, 1, 8, 90, 'reject', '0x0', { missing_caps: '0x2', missing_cid: 8 })),
  },
  {
    what: 'a kick takes the slice of a protected task',
    rules: ['protected-honoured'],
    change: (s) =>
      s
        .append(
          17,
          on(13, 'switch', { prev: 0, next: 113, next_slice: 5_000_000, next_scx_flags: '0x445', prev_state: 0 }),
          on(15, 'kick', { step: 'deliver', sched: 1, target: 13, kick_flags: '0x2', resched: true, zeroed: true }),
        )
        .drop(18, 'switch', { next: 113 }),
  },
  {
    what: 'a re-enqueue runs for A on CPU 8 after step 11',
    rules: ['reenq-needs-base'],
    change: (s) =>
      s.append(
        12,
        on(8, 'reenqueue', { step: 'local', phase: 'begin', sched: 2, rq: 8, reenq_flags: '0x1' }),
        on(8, 'reenqueue', { step: 'local', phase: 'end', rq: 8, n: 0 }),
      ),
  },
  {
    what: 'A gets a task after it is gone',
    rules: ['dead-silence'],
    change: (s) => s.append(19, on(9, 'ops_enqueue', { phase: 'begin', pid: 102, rq: 8, sched: 2, enq_flags: '0x0' })),
  },
  {
    what: 'A gets capabilities after it is gone',
    rules: ['dead-silence'],
    change: (s) => s.append(19, on(3, 'cap_grant', { sched: 1, cgroup: 100, caps: '0x1', cids: '9', ret: 0 })),
  },
  {
    what: 'two tasks are rescued on CPU 9',
    rules: ['rescue-single'],
    change: (s) =>
      s.append(
        14,
        on(13, 'slice_end', { pid: 113, rq: 13 }),
        rescue('admit', 100, { slice: 5_000_000 }),
        rescue('admit', 102, { slice: 5_000_000 }),
      ),
  },
  {
    what: 'a rescue begins right after another',
    rules: ['rescue-admission'],
    change: (s) =>
      s.append(
        14,
        rescue('admit', 100, { slice: 5_000_000, budget: 5_000_000 }),
        rescue('charge', 100, { budget: 0 }),
        rescue('end', 100),
        rescue('admit', 102, { slice: 5_000_000 }),
      ),
  },
  {
    what: 'a task is protected that nobody rescues',
    rules: ['rescue-escalation'],
    change: (s) => s.append(14, rescue('escalate', 100, { slice: 5_000_000 })),
  },
  {
    what: 'R is blamed for too much rescue time',
    rules: ['rescue-eject'],
    change: (s) => s.append(17, on(9, 'sched_exit', { step: 'claim', sched: 1, exit_kind: 1028 })),
  },
];

const original = new Script().broken();

test.each(VARIANTS)('$what', async ({ rules, change }) => {
  const broken = await change(new Script()).broken();
  for (const rule of rules) expect(await original).not.toContain(rule);
  expect([...broken]).toEqual(expect.arrayContaining([...rules]));
});
