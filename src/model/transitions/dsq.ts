// Transitions of dispatch queues: creation and destruction.
import { DSQ_BYPASS, DSQ_GLOBAL, isBuiltin, isBuiltinId } from '../../kernel/dsq-id.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { Dsq } from '../dsq.ts';
import { addUserDsq, findUserDsq, removeUserDsq } from '../dsq-lookup.ts';
import { raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import type { Sched } from '../sched.ts';
import { formatId } from './members.ts';

export const dsqTransitions: Transitions = {
  dsq_create(model, event, step) {
    const sched = creatorOf(model, event);
    step.sched = sched;
    model.showsDsqCreation = true;
    if (event.step === 'kfunc') {
      // The result of the kfunc: the DSQ itself came with `init`, which carries its address, where that is recorded.
      step.dsq = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
      const failed = event.has('ret') && event.ret !== 0;
      // A second DSQ of that id was made and thrown away (-EEXIST).
      if (failed && step.dsq?.replaced !== undefined) addUserDsq(model, step.dsq.replaced);
      if (failed || step.dsq !== undefined) return;
    }
    const dsq = new Dsq(event.dsq_hi, event.dsq_lo);
    dsq.sched = sched;
    dsq.sinceSeq = event.seq;
    dsq.unknown = 0;
    dsq.seq = 0;
    if (sched === undefined) model.unowned.push(dsq);
    else if (!dsq.isUser) placeBuiltin(model, dsq, sched);
    if (dsq.isUser) {
      dsq.replaced = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
      addUserDsq(model, dsq);
    }
    if (event.has('dsq_addr')) model.setDsqAt(event.dsq_addr_hi, event.dsq_addr_lo, dsq);
    step.dsq = dsq;
  },

  dsq_destroy(model, event, step) {
    const sched = model.schedOf(event) ?? model.root;
    step.sched = sched;
    const dsq = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
    step.dsq = dsq;
    if (dsq === undefined || event.step === 'kfunc') return;
    step.expectedNr = dsq.nr;
    if (dsq.nr > 0) {
      raise(model, step, 'dsq-destroy-busy', {
        sched,
        args: [formatId(dsq), dsq.nr],
        dsq: dsq.name,
        text: `DSQ ${dsq.name} is destroyed while ${dsq.nr} tasks are on it`,
      });
    } else {
      removeUserDsq(model, dsq);
    }
  },
};

/**
 * Who makes a DSQ. While an instance is being made, its id is not set yet: its DSQs are recorded without an owner. And
 * scx_bpf_create_dsq() initialises the DSQ before it looks for its instance: what a probe reads there may be anything.
 */
function creatorOf(model: Model, event: TraceEvent): Sched | undefined {
  const alone = model.scheds.length === 1 && !model.allocating ? model.root : undefined;
  if (event.step !== 'init' || isBuiltin(event.dsq_hi)) return model.schedOf(event) ?? model.attaching ?? alone;
  return model.attaching ?? alone ?? model.findSched(event.sched_hi, event.sched_lo);
}

/** Global and bypass DSQs of an instance are initialised in node and CPU order (scx_alloc_and_add_sched). */
export function placeBuiltin(model: Model, dsq: Dsq, sched: Sched): void {
  if (isBuiltinId(dsq.idHi, dsq.idLo, DSQ_GLOBAL)) dsq.node = model.nodes[sched.globalDsqs++] ?? -1;
  else if (isBuiltinId(dsq.idHi, dsq.idLo, DSQ_BYPASS)) {
    dsq.cpu = sched.bypassDsqs.length;
    sched.bypassDsqs.push(dsq);
  }
  model.nameDsq(dsq);
}
