// Event types of the recording itself and of group accounting.
import { eventTypes } from './spec.ts';

export const RECORDING_EVENTS = eventTypes({
  cell: {
    doc: 'A CPU (`target`) or a task (`pid`) changes its cell, layer or domain.',
    fn: 'the scheduler itself',
    required: ['cell'],
    optional: ['target', 'pid'],
  },
  vtime_now: {
    doc: 'The vtime basis of a cell, a CPU or the whole scheduler.',
    fn: 'the scheduler itself',
    required: ['basis'],
    optional: ['cell', 'target', 'dsq'],
  },
  lost: {
    doc: 'Records of this CPU were lost from this moment on, up to `until`; without `until` recording went on at once.',
    fn: 'ring buffer overrun',
    required: [],
    optional: ['count', 'until', 'text'],
  },
  mark: {
    doc: 'A text in the trace.',
    fn: 'trace_marker',
    required: ['text'],
    optional: [],
  },
});
