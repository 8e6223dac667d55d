// What another kernel release would have done with the same requests: differences, each with its first event.
import { ENQ_HI_IMMED, ENQ_HI_PREEMPT, ENQ_HI_RESCUE, TASK_IN_CUSTODY } from '../kernel/flags.ts';
import { isAtLeast, type Release } from '../kernel/release.ts';
import type { Semantics } from '../kernel/semantics.ts';
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';

/**
 * - `fatal`: the scheduler would have been ejected there, it was not here. `survives`: the other way round.
 * - `message`: ejected in both, with another text or kind.
 * - `dropped`, `fallback`: the request would silently have had no, or another effect.
 * - `ignored`: a flag that means nothing there. `missing`: a kfunc or feature that does not exist there.
 * - `different`: the core does something else meanwhile.
 */
export type Change = 'fatal' | 'survives' | 'message' | 'dropped' | 'fallback' | 'ignored' | 'missing' | 'different';

export interface WhatIfDifference {
  readonly change: Change;
  readonly text: string;
  count: number;
  /** First event of that kind. */
  readonly seq: number;
  /** Rule about the error that it concerns; undefined: none. */
  readonly rule: string | undefined;
}

type Observer = (event: TraceEvent, step: Step) => void;

export class WhatIf {
  readonly there: Semantics;
  readonly #here: Semantics;
  readonly #differences = new Map<string, WhatIfDifference>();
  readonly #observers: readonly (Observer[] | undefined)[];

  constructor(here: Semantics, there: Semantics) {
    this.#here = here;
    this.there = there;
    const observers: (Observer[] | undefined)[] = EVENT_TYPES.map(() => undefined);
    for (const [type, observer] of this.#list()) {
      const kind = KIND[type];
      const list = observers[kind];
      if (list === undefined) observers[kind] = [observer];
      else list.push(observer);
    }
    this.#observers = observers;
  }

  /** In the order of first occurrence. */
  get differences(): readonly WhatIfDifference[] {
    return [...this.#differences.values()].toSorted((a, b) => a.seq - b.seq);
  }

  observe(event: TraceEvent, step: Step): void {
    for (const entry of step.whatIf) this.#note(entry.change, entry.text, event.seq, entry.site);
    for (const observer of this.#observers[event.kind] ?? []) observer(event, step);
  }

  #note(change: Change, text: string, seq: number, rule?: string): void {
    const known = this.#differences.get(text);
    if (known === undefined) this.#differences.set(text, { change, text, count: 1, seq, rule });
    else known.count++;
  }

  /** Only what differs between the two releases is looked for. */
  #list(): [EventType, Observer][] {
    const { there } = this;
    const here = this.#here;
    const release = there.version.release;
    const list: [EventType, Observer][] = [];
    const on = (type: EventType, differs: boolean, observer: Observer): void => {
      if (differs) list.push([type, observer]);
    };
    const lacks = (since: Release): boolean => !isAtLeast(release, since) && isAtLeast(here.version.release, since);

    on('insert', here.immed && !there.immed, (event) => {
      if (event.step !== 'kfunc' && (event.enq_flags_hi & ENQ_HI_IMMED) !== 0)
        this.#note(
          'ignored',
          'SCX_ENQ_IMMED (7.1) means nothing: the task waits on the local DSQ like any other',
          event.seq,
        );
    });
    on('insert', lacks('7.3'), (event) => {
      if (event.step !== 'kfunc' && (event.enq_flags_hi & ENQ_HI_RESCUE) !== 0)
        this.#note('ignored', 'SCX_ENQ_RESCUE (7.3) means nothing', event.seq);
    });
    on('dispatch_to_local', lacks('7.0'), (event) => {
      if (
        event.dst >= 0 &&
        event.task_cpu >= 0 &&
        event.dst !== event.task_cpu &&
        (event.enq_flags_hi & ENQ_HI_PREEMPT) !== 0
      )
        this.#note(
          'fallback',
          'SCX_ENQ_PREEMPT is lost on the way to the local DSQ of another CPU: the task goes to its tail',
          event.seq,
        );
    });
    on('flush', here.verdictCarriesSlice && !there.verdictCarriesSlice, (event, step) => {
      if (step.drops.length > 0)
        this.#note('different', 'a dropped verdict has written slice and vtime of its task all the same', event.seq);
    });
    on('scx_event', here.migrationDisabledToLocal && !there.migrationDisabledToLocal, (event) => {
      if (event.name === 'SCX_EV_ENQ_SKIP_MIGRATION_DISABLED')
        this.#note('different', 'a migration-disabled task goes to ops.enqueue() instead of the local DSQ', event.seq);
    });
    on('dsq_link', here.bypassQueue !== there.bypassQueue, (event, step) => {
      if (step.dsq?.isBypass === true)
        this.#note(
          'different',
          there.bypassQueue === 'global'
            ? `tasks of a bypassing scheduler wait on the global DSQ of their node, with a slice of ${there.bypassSliceNs / 1e6} ms`
            : 'tasks of a bypassing scheduler wait on one bypass DSQ per CPU for the whole system',
          event.seq,
        );
    });
    on('select_cpu', here.bypassSelect !== there.bypassSelect, (event, step) => {
      if (event.phase === 'end' && step.task?.sched?.isBypassing(event.cpu) === 1)
        this.#note(
          'different',
          there.bypassSelect === 'previous'
            ? 'in bypass a task stays on its previous CPU'
            : 'in bypass the built-in idle policy chooses the CPU',
          event.seq,
        );
    });
    on('bypass_lb', here.bypassLoadBalancer && !there.bypassLoadBalancer, (event) =>
      this.#note(
        'missing',
        'there is no load balancer in bypass mode: the DSQ of a CPU is served by others only as far as it is global',
        event.seq,
      ),
    );
    on('ops_dequeue', here.custody && !there.custody, (event) => {
      if ((event.scx_flags_lo & TASK_IN_CUSTODY) === 0) return;
      const onDsq = (event.ops_state_lo & 3) === 0;
      if (onDsq)
        this.#note(
          'missing',
          'ops.dequeue() is not called for tasks on a DSQ: the scheduler is not told that they leave',
          event.seq,
        );
    });
    on('reenqueue', here.immed && !there.immed, (event) => {
      if (event.step === 'dsq_kfunc') this.#note('missing', 'scx_bpf_dsq_reenq() first appears in 7.1', event.seq);
    });
    on('dsq_query', lacks('6.19'), (event) => {
      if (event.step === 'peek') this.#note('missing', 'scx_bpf_dsq_peek() first appears in 6.19', event.seq);
    });
    on('select_cpu', lacks('6.17'), (event) => {
      if (event.step === 'and')
        this.#note('missing', 'scx_bpf_select_cpu_and() first appears between 6.15 and 6.17', event.seq);
    });
    on('set_slice', lacks('6.19'), (event) => {
      if (event.step === 'kfunc')
        this.#note('missing', 'scx_bpf_task_set_slice() first appears in 6.19: write p->scx.slice', event.seq);
    });
    on('set_vtime', lacks('6.19'), (event) =>
      this.#note('missing', 'scx_bpf_task_set_dsq_vtime() first appears in 6.19: write p->scx.dsq_vtime', event.seq),
    );
    on('sched_attach', here.subSchedulers !== there.subSchedulers, (event) => {
      if (event.has('level') && event.level > 0 && event.step === 'link')
        this.#note(
          'missing',
          there.subSchedulers === 'none'
            ? 'sub-schedulers first appear in 7.1'
            : 'sub-schedulers have no capabilities and no enqueue side of their own before 7.3',
          event.seq,
        );
    });
    on('cap_grant', there.subSchedulers !== 'full', (event) =>
      this.#note('missing', 'capabilities of sub-schedulers first appear in 7.3', event.seq),
    );
    on('cpu_offline', here.offlineDrainsToLocal && !there.offlineDrainsToLocal, (event) => {
      if (event.step === 'rq' || event.step === '')
        this.#note(
          'different',
          'tasks that wait for a CPU that goes offline stay with the scheduler, they are not moved to the local DSQ',
          event.seq,
        );
    });
    on('task_disable', here.disableResetsSlice !== there.disableResetsSlice, (event) =>
      this.#note(
        'different',
        there.disableResetsSlice ? 'leaving sched_ext resets the slice' : 'leaving sched_ext keeps the slice',
        event.seq,
      ),
    );
    on('sched_exit', here.exitCpu && !there.exitCpu, (event) => {
      if (event.step === 'message' && event.exit_cpu >= 0) this.#note('message', 'the exit names no CPU', event.seq);
    });
    on('ops_enqueue', there.staleVerdictSurvives && !here.staleVerdictSurvives, (event, step) => {
      const { task } = step;
      if (
        event.phase === 'begin' &&
        event.has('sticky_cpu') &&
        event.sticky_cpu < 0 &&
        task?.ddsp.active === true &&
        task.sched?.isBypassing(event.rq) === 1
      )
        this.#note(
          'fallback',
          'a direct dispatch of ops.select_cpu() that bypass mode overtakes survives and is used at the next enqueue',
          event.seq,
        );
    });
    return list;
  }
}
