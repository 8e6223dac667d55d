// Rule: SCX_DSQ_LOCAL_ON names a possible CPU.
import { kernelErrorRule } from './shared/kernel-error-rule.ts';

export const dispatchInvalidCpu = kernelErrorRule({
  id: 'dispatch-invalid-cpu',
  title: 'SCX_DSQ_LOCAL_ON names a possible CPU.',
  fn: 'find_dsq_for_dispatch',
  needs: [['find_dsq', 'dispatch']],
  checkedAt: ['find_dsq', 'dispatch'],
  isCheck: (event) => (event.has('result') ? event.result !== '' : event.phase !== 'end'),
  meaning:
    'A verdict for SCX_DSQ_LOCAL_ON carries a CPU number that is not possible on this machine. The kernel ejects the scheduler and uses the global DSQ.',
  causes: [
    'a negative error code or an index of another space was used as a CPU number',
    'the number of CPUs was taken from a constant',
  ],
  avoid: 'Check the CPU against scx_bpf_nr_cpu_ids() before it becomes part of a DSQ id.',
});
