// Rule: SCX_DSQ_LOCAL_ON names a possible CPU.
import { isLocalOn } from '../../kernel/dsq-id.ts';
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { isResolution, kernelErrorRule } from '../common/kernel-error-rule.ts';

export const dispatchInvalidCpu = kernelErrorRule({
  id: 'dispatch-invalid-cpu',
  title: 'SCX_DSQ_LOCAL_ON names a possible CPU.',
  fn: 'find_dsq_for_dispatch',
  needs: [['find_dsq', 'dispatch']],
  checkedAt: ['find_dsq:call', 'dispatch'],
  isCheck: (event, step, model) => {
    if (!isResolution(event) || !isLocalOn(event.dsq_hi)) return NO;
    return model.header.possible === undefined || step.sched?.cidForm === true ? UNKNOWN : YES;
  },
  unknown: 'the trace does not say which CPUs are possible, or the scheduler numbers them as cids',
  meaning:
    'A verdict for SCX_DSQ_LOCAL_ON carries a CPU number that is not possible on this machine. The kernel ejects the scheduler and uses the global DSQ.',
  causes: [
    'a negative error code or an index of another space was used as a CPU number',
    'the number of CPUs was taken from a constant',
  ],
  avoid: 'Check the CPU against scx_bpf_nr_cpu_ids() before it becomes part of a DSQ id.',
});
