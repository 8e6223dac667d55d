// Writer for `.csv`: the header as JSON behind `#`, column names, one event a row. Absent fields are empty cells.
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { headerToJson } from '../trace/header-json.ts';
import { fieldToText } from '../trace/spelling.ts';
import { absoluteTime } from './event-json.ts';
import type { WriterSpec } from './writer.ts';

export const csvWriter: WriterSpec = {
  id: 'csv',
  extension: '.csv',
  create(output, fields) {
    const slots = fields.map((field) => SLOT[field]);
    const cells = (event: TraceEvent): string =>
      slots.map((slot) => (event.hasSlot(slot) ? `,${quote(fieldToText(event, slot))}` : ',')).join('');
    return {
      begin(header) {
        output.write(`# ${JSON.stringify(headerToJson(header))}\n${['ts', 'cpu', 'type', ...fields].join(',')}\n`);
      },
      event(event, base) {
        output.write(`${absoluteTime(event, base)},${event.cpu},${event.type}${cells(event)}\n`);
      },
      end() {},
    };
  },
};

/** A cell: quoted where CSV demands it, and when it is empty, to tell an empty text from an absent field. */
function quote(text: string): string {
  return text === '' || /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
