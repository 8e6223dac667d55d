// `scx-check schema`: the JSON Schema of the canonical trace.
import { EXIT } from '../findings/verdict.ts';
import { OutputFile } from '../output/output-file.ts';
import { traceJsonSchema } from '../trace/event-schema.ts';

export function schemaCommand(options: { readonly output?: string }): number {
  const output = new OutputFile(options.output);
  output.write(`${JSON.stringify(traceJsonSchema(), null, 2)}\n`);
  output.close();
  return EXIT.ok;
}
