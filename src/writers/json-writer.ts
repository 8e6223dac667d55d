// Writer for `trace.json`: one object, readable by people: header keys on lines of their own, one event a line.
import { headerToJson } from '../trace/header-json.ts';
import { eventToJson } from './event-json.ts';
import type { WriterSpec } from './writer.ts';

export const jsonWriter: WriterSpec = {
  id: 'json',
  extension: '.json',
  create(output) {
    let first = true;
    return {
      begin(header) {
        const keys = Object.entries(headerToJson(header)).map(
          ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
        );
        output.write(`{\n${keys.join(',\n')},\n"events": [`);
      },
      event(event, base) {
        output.write(first ? `\n${eventToJson(event, base)}` : `,\n${eventToJson(event, base)}`);
        first = false;
      },
      end() {
        output.write('\n]}\n');
      },
    };
  },
};
