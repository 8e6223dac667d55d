// Rule: no CPU idles for long while a task that it may run waits on a DSQ that it serves by itself.
import { canRunRemote } from '../../model/can-run.ts';
import { YES } from '../../model/sched.ts';
import { watchdogTimeoutNs } from '../../model/stall.ts';
import type { Task } from '../../model/task.ts';
import { defineRule, type ModelView } from '../rule.ts';

export const idleWithGlobalWork = defineRule({
  id: 'idle-with-global-work',
  title: 'A task on the global DSQ does not wait for the watchdog timeout while a CPU that may run it is idle.',
  severity: 'warning',
  fn: 'scx_dispatch_sched',
  needs: ['switch', 'dsq_link', 'dsq_unlink', 'sched_attach'],
  meaning:
    'An insertion into the global DSQ wakes no CPU. A task waited there while a CPU that may run it did nothing.',
  causes: [
    'SCX_DSQ_GLOBAL is used without kicking an idle CPU',
    'an error sent the task to the global DSQ as a fallback',
  ],
  avoid:
    'Kick an idle CPU (scx_bpf_pick_idle_cpu, scx_bpf_kick_cpu with SCX_KICK_IDLE) after an insertion into SCX_DSQ_GLOBAL.',
  create(context) {
    const judge = (task: Task, node: number, linkSeq: number, now: number): void => {
      const timeout = watchdogTimeoutNs(context.model, task.sched);
      if (timeout === 0) return;
      context.checked();
      const waited = now - task.linkTime;
      if (waited <= timeout) return;
      const idle = context.model.cpus.find(
        (cpu) =>
          cpu.currPid === 0 &&
          cpu.switchTime <= task.linkTime &&
          (node < 0 || cpu.node < 0 || cpu.node === node) &&
          canRunRemote(task, cpu) === YES &&
          mayDispatch(context.model, task, cpu.id),
      );
      if (idle === undefined) return;
      context.report({
        verdict: 'possible',
        message: `${task.label} waited ${(waited / 1e9).toFixed(3)} s on the global DSQ while CPU ${idle.id}, which may run it, was idle`,
        task,
        cpu: idle.id,
        dsq: 'global',
        began: linkSeq,
        evidence: [
          { seq: linkSeq, note: `${task.label} is put on the global DSQ` },
          { seq: idle.switchSeq, note: `CPU ${idle.id} is idle from here on` },
        ],
        details: { waited_ns: waited },
      });
    };
    return {
      dsq_unlink(event, step) {
        const { task, dsq } = step;
        if (task !== undefined && dsq?.isGlobal === true && step.dsqBefore === dsq)
          judge(task, dsq.node, step.linkSeqBefore, event.t);
      },
      onEnd() {
        for (const task of context.model.tasks())
          if (task.dsq?.isGlobal === true) judge(task, task.dsq.node, task.linkSeq, context.model.now);
      },
    };
  },
});

/** A CPU serves a sub-scheduler only where that holds the base capability. */
function mayDispatch(model: ModelView, task: Task, cpu: number): boolean {
  const sched = task.dsq?.sched ?? task.sched;
  return sched === undefined || model.caps.holdsBase(sched, cpu) === YES;
}
