// Rule: the dispatch buffer is not overfilled.
import { OP_DISPATCH, OP_ENQUEUE, OP_SELECT_CPU } from '../../model/cpu.ts';
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const dispatchBufferOverflow = kernelErrorRule({
  id: 'dispatch-buffer-overflow',
  title: 'ops.dispatch() inserts no more tasks than the dispatch buffer holds.',
  fn: 'scx_dsq_insert_commit',
  needs: ['insert', 'flush', 'sched_attach'],
  checkedAt: ['insert:commit'],
  isCheck: (_event, step) => {
    const { cpu, sched } = step;
    if (cpu === undefined || cpu.op === OP_ENQUEUE || cpu.op === OP_SELECT_CPU) return NO;
    return cpu.op === OP_DISPATCH && cpu.bufferKnown && sched !== undefined && sched.maxBatch > 0 ? YES : UNKNOWN;
  },
  unknown: 'the beginning of the dispatch, or the length of the buffer, is not known',
  meaning:
    'The buffer holds ops.dispatch_max_batch verdicts (32 by default) until it is flushed: at the end of ops.dispatch() and by each scx_bpf_dsq_move_to_local(). The kernel ejects the scheduler.',
  causes: [
    'a loop without scx_bpf_dispatch_nr_slots()',
    'dispatch_max_batch smaller than the batch that the scheduler builds',
  ],
  avoid: 'Ask scx_bpf_dispatch_nr_slots(), or set ops.dispatch_max_batch.',
});
