// Rule: bypass mode is left as often as it was entered.
import { mayLieBelow, type Sched } from '../../model/sched.ts';
import { defineRule } from '../rule.ts';

export const bypassDepthNegative = defineRule({
  id: 'bypass-depth-negative',
  title: 'Bypass mode of an instance is left only after it was entered.',
  severity: 'error',
  fn: 'scx_bypass, dec_bypass_depth',
  needs: ['bypass'],
  disturbance: true,
  meaning: 'Bypass mode was switched off for an instance that was not in bypass mode: its depth would become negative.',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    /** Depth by instance, as the calls make it; absent: not known. */
    const depths = new Map<Sched, { depth: number; seq: number }>();
    let calls = 0;
    const report = (cls: string, sched: Sched, message: string, since: number): void =>
      context.report({
        verdict: 'violation',
        class: cls,
        message,
        sched,
        began: since,
        evidence: since < 0 ? [] : [{ seq: since, note: 'the last switch' }],
      });
    return {
      bypass(event, step) {
        const { sched } = step;
        if (sched === undefined || event.step === 'dsp_disable') return;
        if (event.phase === 'begin') calls++;
        else if (event.phase === 'end' && calls > 0) calls--;
        context.checked();
        const known = depths.get(sched);
        const shown = event.has('depth') ? event.depth : undefined;
        const alone = calls === (event.phase === 'begin' ? 1 : 0);
        // Calls wait for each other inside: of overlapping ones, the depth that is shown can be anyone's.
        if (!alone) depths.clear();
        else if (shown !== undefined && known !== undefined && known.depth !== shown) {
          report(
            'depth',
            sched,
            `the bypass depth of ${sched.label} is ${shown}, ${known.depth} was to be expected`,
            known.seq,
          );
        }
        if (!alone) return;
        if (event.phase === 'end') {
          if (shown !== undefined) depths.set(sched, { depth: shown, seq: event.seq });
          return;
        }
        const depth = shown ?? known?.depth;
        if (depth === undefined || !event.has('bypass')) {
          depths.clear();
          return;
        }
        if (!event.bypass && depth <= 0)
          report('', sched, `bypass mode of ${sched.label} is switched off at depth ${depth}`, known?.seq ?? -1);
        // An instance switches everything below it along.
        for (const other of depths.keys()) if (mayLieBelow(other, sched)) depths.delete(other);
        depths.set(sched, { depth: depth + (event.bypass ? 1 : -1), seq: event.seq });
      },
      sched_attach(event, step) {
        if (event.step === 'alloc' && step.sched !== undefined) depths.set(step.sched, { depth: 0, seq: event.seq });
      },
      lost() {
        depths.clear();
        calls = 0;
      },
    };
  },
});
