// Rule: schedulers are loaded and unloaded in order.
import type { Sched } from '../../model/sched.ts';
import { defineRule } from '../rule.ts';

type State = 'disabled' | 'enabling' | 'enabled' | 'disabling';

export const enableStateOrder = defineRule({
  id: 'enable-state-order',
  title: 'A root scheduler is enabled only when none is loaded, and disabled only when it is.',
  severity: 'error',
  fn: 'scx_root_enable_workfn, scx_root_disable, scx_set_enable_state',
  needs: ['sched_attach', 'sched_detach'],
  meaning:
    'The state of sched_ext went from disabled to enabling, enabled, disabling and back in an order that does not exist.',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    let state: State | undefined;
    let since = -1;
    let loaded: Sched | undefined;
    const go = (next: State, seq: number, allowed: readonly State[]): void => {
      context.checked();
      if (state !== undefined && !allowed.includes(state)) {
        context.report({
          verdict: 'violation',
          message: `sched_ext goes from ${state} to ${next}`,
          sched: loaded,
          began: since,
          evidence: since < 0 ? [] : [{ seq: since, note: state }],
        });
      }
      state = next;
      since = seq;
    };
    return {
      sched_attach(event, step) {
        if (event.step === 'root_enable') {
          if (event.phase !== 'end') go('enabling', event.seq, ['disabled']);
          // A failed load goes straight back, or through the disable path.
          else if (loaded === undefined || loaded.exit !== undefined) state = state === 'enabling' ? undefined : state;
          else go('enabled', event.seq, ['enabling']);
        } else if (event.step === 'link' && step.sched?.level === 0) loaded = step.sched;
      },
      sched_detach(event) {
        if (event.step !== 'root_disable') return;
        if (event.phase !== 'end') go('disabling', event.seq, ['enabled', 'enabling']);
        else {
          go('disabled', event.seq, ['disabling']);
          loaded = undefined;
        }
      },
      lost() {
        state = undefined;
        loaded = undefined;
      },
    };
  },
});
