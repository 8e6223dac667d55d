// Rule: the events of a trace fit together.
import { contradictionRule } from '../common/contradiction-rule.ts';

export const traceInconsistent = contradictionRule({
  id: 'trace-inconsistent',
  title: 'The events of the trace follow from each other.',
  severity: 'warning',
  verdict: 'inconclusive',
  fn: 'all recorded functions',
  needs: [],
  checkedAt: [
    'enqueue',
    'dequeue',
    'ops_enqueue',
    'ops_dequeue',
    'run',
    'stop',
    'switch',
    'dsq_link',
    'dsq_unlink',
    'pick',
  ],
  disturbance: true,
  meaning:
    'An event shows something that what came before rules out: a call that ends without having begun, a task on another run queue than the last event said, a mask that changed without a change. Events are missing, doubled, out of order or altered, so what other rules say about this place is in doubt.',
  causes: [
    'records were lost and the recorder did not say so',
    'the trace was edited, merged or cut',
    'the clocks of the CPUs do not agree, so that events are out of order',
    'a kernel whose functions work otherwise than those that are modelled',
  ],
  avoid:
    'Record again with larger buffers and one clock for all CPUs (mono); keep the loss markers when cutting a trace.',
});
