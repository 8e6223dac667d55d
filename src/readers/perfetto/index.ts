// Reader for Perfetto traces: recognises them, and loads the rest when it is needed.
import { defineReader } from '../reader.ts';
import { looksLikePerfetto } from './sniff.ts';

export const perfetto = defineReader({
  id: 'perfetto',
  title: 'Perfetto protobuf (perfetto, scxtop, systing, wprof)',
  sniff: (head) => (looksLikePerfetto(head) ? 0.7 : 0),
  open: async (source, options) => (await import('./perfetto-trace.ts')).openPerfetto(source, options),
});
