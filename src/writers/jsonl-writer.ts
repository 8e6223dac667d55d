// Writer for `.jsonl`: the header line, then one event a line.
import { headerToJson } from '../trace/header-json.ts';
import { eventToJson } from './event-json.ts';
import type { WriterSpec } from './writer.ts';

export const jsonlWriter: WriterSpec = {
  id: 'jsonl',
  extension: '.jsonl',
  create(output) {
    return {
      begin(header) {
        output.write(`${JSON.stringify(headerToJson(header))}\n`);
      },
      event(event, base) {
        output.write(`${eventToJson(event, base)}\n`);
      },
      end() {},
    };
  },
};
