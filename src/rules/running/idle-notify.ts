// Rule: ops.update_idle() tells what is true, and once.
import { defineRule } from '../rule.ts';

export const idleNotify = defineRule({
  id: 'idle-notify',
  title: 'ops.update_idle() is told of each change once, and never that a CPU is idle that runs an ext task.',
  severity: 'error',
  fn: '__scx_update_idle',
  needs: ['idle', 'switch', 'run', 'stop', 'bypass', 'sched_attach'],
  meaning: 'The scheduler was told that a CPU is idle while an ext task ran there, or was told the same twice.',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    /** Last notification by CPU, and whether it may be repeated (after bypass). */
    const told: (boolean | undefined)[] = [];
    const toldSeq: number[] = [];
    return {
      idle(event) {
        const { target } = event;
        if (event.step === 'claim') return;
        if (!event.has('notify') || !event.has('idle')) told[target] = undefined;
        if (!event.notify || !event.has('idle')) return;
        const cpu = context.model.cpus[target];
        context.checked();
        if (event.idle && cpu !== undefined && cpu.runPid >= 0) {
          context.report({
            verdict: 'violation',
            class: 'running',
            message: `ops.update_idle() is told that CPU ${target} is idle while pid ${cpu.runPid} is running there`,
            cpu: target,
            began: cpu.runSeq,
            evidence: [{ seq: cpu.runSeq, note: 'it was set running' }],
          });
        } else if (told[target] === event.idle) {
          context.report({
            verdict: 'violation',
            class: 'repeated',
            message: `ops.update_idle() is told a second time that CPU ${target} ${event.idle ? 'is idle' : 'is no longer idle'}`,
            cpu: target,
            began: toldSeq[target] ?? -1,
            evidence: [{ seq: toldSeq[target] ?? -1, note: 'the first time' }],
          });
        }
        told[target] = event.idle;
        toldSeq[target] = event.seq;
      },
      // After bypass, and for a new scheduler, the state is told anew.
      bypass() {
        told.length = 0;
      },
      sched_attach() {
        told.length = 0;
      },
      lost() {
        told.length = 0;
      },
    };
  },
});
