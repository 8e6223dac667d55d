// Readers for text: ftrace (tracefs, trace-cmd report) and perf script. They recognise it, and load the rest when it is needed.
import { defineReader } from '../reader.ts';
import { sniffText } from './sniff.ts';

export const ftraceText = defineReader({
  id: 'ftrace-text',
  title: 'text of ftrace: trace-cmd report, tracefs trace and trace_pipe',
  sniff: (head) => (sniffText(head) === 'ftrace' ? 0.8 : 0),
  open: async (source, options) => (await import('./text-trace.ts')).openText(source, options, 'ftrace text'),
});

export const perfScript = defineReader({
  id: 'perf-script',
  title: 'text of perf script',
  sniff: (head) => (sniffText(head) === 'perf' ? 0.8 : 0),
  open: async (source, options) => (await import('./text-trace.ts')).openText(source, options, 'perf script'),
});
