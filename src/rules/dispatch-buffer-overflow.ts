// Rule: the dispatch buffer is not overfilled.
import { kernelErrorRule } from './shared/kernel-error-rule.ts';

export const dispatchBufferOverflow = kernelErrorRule({
  id: 'dispatch-buffer-overflow',
  title: 'ops.dispatch() inserts no more tasks than the dispatch buffer holds.',
  fn: 'scx_dsq_insert_commit',
  needs: ['insert', 'flush', 'sched_attach'],
  checkedAt: ['flush'],
  isCheck: (event) => event.phase !== 'end' && event.n > 0,
  meaning:
    'The buffer holds ops.dispatch_max_batch verdicts (32 by default) until it is flushed: at the end of ops.dispatch() and by each scx_bpf_dsq_move_to_local(). The kernel ejects the scheduler.',
  causes: [
    'a loop without scx_bpf_dispatch_nr_slots()',
    'dispatch_max_batch smaller than the batch that the scheduler builds',
  ],
  avoid: 'Ask scx_bpf_dispatch_nr_slots(), or set ops.dispatch_max_batch.',
});
