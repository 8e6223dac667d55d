// Rule: no CPU idles while a task waits on its local DSQ.

import type { Cpu } from '../../model/cpu.ts';
import { NO } from '../../model/sched.ts';
import { jiffiesLagNs } from '../../model/stall.ts';
import type { Task } from '../../model/task.ts';
import { defineRule } from '../rule.ts';

const DEFAULT_JIFFY_NS = 10_000_000;
/** Sightings of a CPU, each a jiffy after the one before, that show that it was not simply stopped. */
const ALIVE = 4;

export const idleWithLocalWork = defineRule({
  id: 'idle-with-local-work',
  title: 'A CPU does not stay idle for long while a task waits on its local DSQ.',
  severity: 'error',
  fn: 'do_pick_task_scx, wakeup_preempt_scx, resched_curr',
  needs: ['switch', 'dsq_link', 'dsq_unlink'],
  meaning:
    'A task was on the local DSQ of a CPU that ran nothing for longer than 25 ticks: the CPU was not told, or did not look.',
  causes: [
    'a lost reschedule interrupt or another kernel bug',
    'core scheduling kept the CPU idle on purpose',
    'a virtual CPU that its host did not run',
  ],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    /** How often an idle CPU executed something, at least a jiffy apart, since a task came on its local DSQ; by CPU. */
    const sightings: number[] = [];
    const firstSeen: number[] = [];
    const lastSeen: number[] = [];
    const { hz } = context.model;
    const jiffy = hz > 0 ? 1_000_000_000 / hz : DEFAULT_JIFFY_NS;
    const judge = (task: Task, cpu: Cpu, linkTime: number, linkSeq: number, now: number): void => {
      if (cpu.currPid !== 0 || cpu.active === NO || cpu.online === NO || cpu.switchSeq < 0) return;
      const since = Math.max(linkTime, cpu.switchTime);
      const waited = now - since;
      // A virtual CPU can be stopped by its host, and an interrupt can last: a delay of some ticks proves nothing.
      if (waited <= jiffiesLagNs(context.model) + context.model.header.clockErrorNs) {
        context.checked();
        return;
      }
      const alive = (firstSeen[cpu.id] ?? -1) >= since && (sightings[cpu.id] ?? 0) >= ALIVE;
      if (!alive) {
        context.undecided('an idle CPU with local work executed nothing at all: it may have been stopped by its host');
        return;
      }
      context.checked();
      context.report({
        verdict: !hasSiblings(cpu.id) ? 'violation' : 'possible',
        message: `CPU ${cpu.id} was idle for ${(waited / 1e6).toFixed(1)} ms while ${task.label} waited on its local DSQ`,
        task,
        cpu: cpu.id,
        dsq: `local:${cpu.id}`,
        began: linkTime >= cpu.switchTime ? linkSeq : cpu.switchSeq,
        evidence: [
          { seq: linkSeq, note: `${task.label} is put on the local DSQ` },
          { seq: cpu.switchSeq, note: `CPU ${cpu.id} is idle from here on` },
        ],
        details: { idle_ns: waited },
      });
    };
    const hasSiblings = (cpu: number): boolean =>
      (context.model.header.cpus.find((info) => info.cpu === cpu)?.siblings?.size ?? 1) > 1;
    /** An idle CPU with a task on its local DSQ did something. */
    const see = (cpu: Cpu | undefined, now: number): void => {
      if (cpu === undefined || cpu.currPid !== 0 || cpu.local?.head === undefined) return;
      const since = Math.max(cpu.local.head.linkTime, cpu.switchTime);
      if ((firstSeen[cpu.id] ?? -1) < since) {
        firstSeen[cpu.id] = now;
        sightings[cpu.id] = 1;
      } else if (now - (lastSeen[cpu.id] ?? 0) > jiffy) sightings[cpu.id] = (sightings[cpu.id] ?? 0) + 1;
      else return;
      lastSeen[cpu.id] = now;
    };
    return {
      wakeup: (event, step) => see(step.cpu, event.t),
      resched: (event, step) => see(step.cpu, event.t),
      dsq_unlink(event, step) {
        const { task, dsq } = step;
        if (task === undefined || dsq?.isLocal !== true || dsq.cpu < 0 || step.dsqBefore !== dsq) return;
        const cpu = context.model.cpus[dsq.cpu];
        if (cpu !== undefined) judge(task, cpu, task.linkTime, step.linkSeqBefore, event.t);
      },
      onEnd() {
        for (const cpu of context.model.cpus) {
          const head = cpu.local?.head;
          if (head !== undefined) judge(head, cpu, head.linkTime, head.linkSeq, context.model.now);
        }
      },
    };
  },
});
