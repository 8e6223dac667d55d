// Rule: vtime ordering is for user DSQs only.
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const vtimeOnBuiltinDsq = kernelErrorRule({
  id: 'vtime-on-builtin-dsq',
  title: 'Vtime ordering is used with user DSQs only.',
  fn: 'scx_dispatch_enqueue',
  needs: ['dispatch_enqueue'],
  checkedAt: ['dispatch_enqueue'],
  meaning:
    'scx_bpf_dsq_insert_vtime() (or a vtime move) named the local or the global DSQ, which are FIFO. The kernel ejects the scheduler.',
  causes: ['a vtime scheduler falls back to SCX_DSQ_GLOBAL or SCX_DSQ_LOCAL with the same kfunc'],
  avoid: 'Use scx_bpf_dsq_insert() for built-in DSQs.',
});
