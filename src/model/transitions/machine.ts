// Transitions of the machine and of the recording: hotplug, losses.
import type { Transitions } from '../handler.ts';
import { NO, YES } from '../sched.ts';

export const machineTransitions: Transitions = {
  cpu_online(model, event, step) {
    const cpu = model.cpu(event.target);
    step.rq = cpu;
    if (event.step === 'active' || event.step === '') cpu.active = YES;
    if (event.step === 'rq' || event.step === '') cpu.online = YES;
    cpu.onlineSeq = event.seq;
    if (event.step === 'active') {
      cpu.currPid = -1;
      cpu.switchSeq = -1;
    }
  },

  cpu_offline(model, event, step) {
    const cpu = model.cpu(event.target);
    step.rq = cpu;
    if (event.step === 'inactive' || event.step === '') cpu.active = NO;
    model.offlineSeq = event.seq;
    if (event.step === 'rq' || event.step === '') cpu.online = NO;
    cpu.onlineSeq = event.seq;
  },

  lost(model) {
    model.forget();
  },

  mark(model, event) {
    if (event.text.endsWith('snapshot end')) model.snapshotOpen = false;
  },
};
