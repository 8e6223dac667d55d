// Rules: when the load balancer runs, and what becomes of the tasks that it moves.
import { BYPASS_LB_DFL_INTV_US } from '../../kernel/limits.ts';
import { NO, UNKNOWN } from '../../model/sched.ts';
import { jiffiesLagNs } from '../../model/stall.ts';
import { defineRule } from '../rule.ts';

/** So many passes in a row show that the interval is the one of the snapshot. */
const LEARNT_PASSES = 3;

export const lbPeriod = defineRule({
  id: 'lb-period',
  title: 'Passes of the load balancer are at least its interval apart.',
  severity: 'warning',
  since: '6.19',
  fn: 'scx_bypass_lb_timerfn',
  needs: ['bypass_lb', 'bypass'],
  meaning: 'Two passes over one node came faster than the interval of the timer allows.',
  causes: ['the interval was changed while recording', 'an event is doubled in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const param = context.model.header.params.get('bypass_lb_intv_us');
    const interval = Number(param ?? BYPASS_LB_DFL_INTV_US) * 1000;
    const last = new Map<number, { seq: number; t: number; late: number }>();
    /**
     * So many passes came as late as the interval says, and none earlier. It can be written at any time, which is not
     * recorded: only passes that kept to it until now let one that does not stand out.
     */
    let kept = 0;
    let changed = false;
    let restarted = Number.POSITIVE_INFINITY;
    return {
      bypass_lb(event) {
        if (event.step === 'timer') return;
        // Several hosts have a timer each, and the record does not say whose it is.
        const hosts = context.model.scheds.filter((sched) => !sched.gone && sched.linked).length;
        const before = last.get(event.node);
        const sinceLast = event.t - (before?.t ?? restarted);
        // The timer counts jiffies, which stand still with the CPU that counts them: a pass that came late makes up for it.
        const late = Math.max(0, sinceLast - interval);
        last.set(event.node, { seq: event.seq, t: event.t, late });
        if (hosts > 1 || !Number.isFinite(interval)) return;
        if (param === undefined) {
          context.undecided('the interval of the balancer is not known');
          return;
        }
        const { hz } = context.model;
        // The timer counts jiffies from the end of the last pass, which may have been late itself.
        const least = interval - jiffiesLagNs(context.model) - (hz > 0 ? 1e9 / hz : 1e7);
        if (sinceLast >= least) kept++;
        if (before === undefined) return;
        if (sinceLast + before.late >= least) {
          context.checked();
          return;
        }
        if (changed || kept < LEARNT_PASSES) {
          changed = true;
          context.undecided('the interval of the balancer seems to have been changed while recording');
          return;
        }
        context.checked();
        context.report({
          verdict: 'possible',
          message: `node ${event.node} is balanced again after ${(sinceLast / 1e6).toFixed(3)} ms, the interval is ${(interval / 1e6).toFixed(3)} ms`,
          began: before.seq,
          evidence: [{ seq: before.seq, note: 'the pass before' }],
        });
      },
      // Bypass mode that is entered anew arms the timer anew.
      bypass(event) {
        last.clear();
        restarted = event.t;
      },
      lost() {
        last.clear();
        restarted = Number.POSITIVE_INFINITY;
      },
    };
  },
});

export const lbInBypass = defineRule({
  id: 'lb-in-bypass',
  title: 'The load balancer runs only while an instance bypasses.',
  severity: 'warning',
  since: '6.19',
  fn: 'scx_bypass_lb_timerfn, scx_bypass_dsp_enabled',
  needs: ['bypass_lb', 'bypass', 'sched_attach'],
  meaning: 'The balancer made a pass although no instance was in bypass mode.',
  causes: ['a kernel bug'],
  avoid: 'Harmless: the passes find nothing to do.',
  create(context) {
    /** A child left bypass mode under a bypassing parent: these kernels leave the timer of the parent armed, for good. */
    let leaked = false;
    return {
      bypass(event, step) {
        if (event.bypass || event.phase === 'end') return;
        for (let at = step.sched?.parent; at !== undefined; at = at.parent) if (at.bypassDepth !== 0) leaked = true;
      },
      bypass_lb(event) {
        if (event.step === 'timer') return;
        const { scheds, now } = context.model;
        if (scheds.length === 0 || context.model.knownSince > 0) return;
        if (scheds.some((sched) => !sched.gone && sched.isBypassing(0) === UNKNOWN)) return;
        context.checked();
        // Nobody switches off for an instance that goes while the machine hibernates: its timer goes on until it is freed.
        const inBypass = scheds.some((sched) => (sched.gone ? sched.bypassDepth !== 0 : sched.isBypassing(0) !== NO));
        const justLeft = scheds.some(
          (sched) => sched.bypassTime >= 0 && now - sched.bypassTime <= context.model.header.clockErrorNs,
        );
        if (inBypass || justLeft || (leaked && event.nr_tasks === 0)) return;
        context.report({
          verdict: 'possible',
          message: `node ${event.node} is balanced while no instance bypasses (${event.nr_tasks} tasks)`,
        });
      },
    };
  },
});

export const lbMigrations = defineRule({
  id: 'lb-migrations',
  title: 'No more tasks migrate by being consumed from bypass DSQs than the balancer moved.',
  severity: 'warning',
  since: '6.19',
  fn: 'scx_consume_dispatch_q, bypass_lb_cpu',
  needs: ['bypass_lb', 'consume', 'dsq_unlink', 'sched_attach'],
  meaning: 'A CPU took a task of another run queue from its bypass DSQ, where only the balancer can have put it.',
  causes: ['a record of the balancer is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    let moved = 0;
    let migrated = 0;
    let first = -1;
    let complete = true;
    return {
      bypass_lb(event) {
        if (event.step === 'timer') return;
        if (event.has('nr_balanced')) moved += event.nr_balanced;
        else complete = false;
      },
      dsq_unlink(event, step) {
        const { dsq, task, cpu } = step;
        if (dsq?.isBypass !== true || task === undefined || cpu?.consume.active !== true || cpu.consume.dsq !== dsq)
          return;
        if (task.taskCpu < 0 || dsq.cpu < 0 || task.taskCpu === dsq.cpu) return;
        migrated++;
        if (first < 0) first = event.seq;
      },
      lost() {
        complete = false;
      },
      onEnd() {
        if (!complete || context.model.startsMidRun) return;
        if (migrated > 0 || moved > 0) context.checked();
        if (migrated <= moved) return;
        context.report({
          verdict: 'possible',
          message: `${migrated} tasks of other run queues were taken from bypass DSQs, the balancer moved ${moved}`,
          began: first,
          evidence: [{ seq: first, note: 'the first of them' }],
          at: { seq: context.model.seq, t: context.model.now },
        });
      },
    };
  },
});

export const lbDequeueRace = defineRule({
  id: 'lb-dequeue-race',
  title: 'A dequeue unlinks a task from the DSQ that it is on, also when the load balancer moves it meanwhile.',
  severity: 'error',
  since: '6.19',
  fn: 'dispatch_dequeue, bypass_lb_cpu',
  needs: ['dsq_link', 'dsq_unlink', 'dispatch_dequeue'],
  meaning:
    'dispatch_dequeue() reads the DSQ of a task before it has its lock. The balancer moved the task to another DSQ in between, and the task was unlinked from the list that it had left, under the wrong lock: both lists are damaged.',
  causes: [
    'a second hop of the balancer in 6.19 and 7.0: it holds the lock of the donor, not of the run queue of the task',
    'a kernel with the balancer but without the lock of the donor run queue',
  ],
  avoid: 'Use a kernel that skips tasks of other run queues (7.1 and later), or set sched_ext.bypass_lb_intv_us=0.',
  create(context) {
    return {
      dsq_unlink(event, step) {
        const { task, dsq, dsqBefore, cpu } = step;
        if (task === undefined || dsq?.isBypass !== true || cpu?.dequeuing !== task) return;
        context.checked();
        if (dsqBefore === undefined || dsqBefore === null || dsqBefore === dsq || !dsqBefore.isBypass) return;
        // Events name one DSQ by its address and by its CPU.
        if (dsq.cpu >= 0 && dsqBefore.cpu === dsq.cpu && dsqBefore.sched === dsq.sched) return;
        context.report({
          verdict: 'violation',
          message: `${task.label} is dequeued from DSQ ${dsq.name}, the load balancer had moved it to DSQ ${dsqBefore.name}`,
          task,
          cpu: event.cpu,
          dsq: dsq.name,
          began: step.linkSeqBefore,
          evidence: [
            { seq: cpu.dequeuingSeq, note: `the dequeue reads that the task is on DSQ ${dsq.name}` },
            { seq: step.linkSeqBefore, note: 'the balancer moves it' },
          ],
        });
      },
    };
  },
});
