// `scx-check convert`: any trace that can be read, in any canonical spelling, streaming in both directions.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { explained, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { SLOTS } from '../trace/event.ts';
import type { FieldName } from '../trace/vocabulary/fields.ts';
import { WRITERS, writerForPath } from '../writers/index.ts';
import type { WriterSpec } from '../writers/writer.ts';
import type { CommandContext } from './context.ts';
import { Progress } from './progress.ts';

export interface ConvertOptions {
  readonly output?: string;
  readonly to?: string;
  readonly snapshot?: string;
  readonly inputFormat?: string;
}

export async function convertCommand(path: string, options: ConvertOptions, context: CommandContext): Promise<number> {
  const writerSpec = chooseWriter(options);
  if (options.output !== undefined && isSameFile(path, options.output))
    throw new UsageError(`-o ${options.output} is the input itself`);
  const source = await openInput(path);
  const progress = new Progress(context, path);
  try {
    const trace = await openTrace(source, {
      ...(options.inputFormat === undefined ? {} : { format: options.inputFormat }),
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    // Columns of a CSV are the fields that occur, so that file is read twice.
    const fields = writerSpec.id === 'csv' ? usedFields(trace) : [];
    const output = new OutputFile(options.output);
    const writer = writerSpec.create(output, fields);
    writer.begin(trace.header);
    try {
      trace.run({
        event(event) {
          writer.event(event, trace.timeBase);
          return true;
        },
      });
    } finally {
      writer.end();
      output.close();
    }
    for (const [name, n] of trace.unused)
      context.stderr.write(`scx-check: ${path}: ${n} records of ${name} have no canonical form and were left out\n`);
  } catch (error) {
    throw await explained(error);
  } finally {
    progress.end();
    source.close();
  }
  return EXIT.ok;
}

function chooseWriter(options: ConvertOptions): WriterSpec {
  if (options.to !== undefined) {
    const writer = WRITERS.find((candidate) => candidate.id === options.to);
    if (writer === undefined)
      throw new UsageError(
        `--to: expected ${WRITERS.map((spec) => spec.id).join(', ')}, found ${JSON.stringify(options.to)}`,
      );
    return writer;
  }
  const writer = options.output === undefined ? undefined : writerForPath(options.output);
  if (writer === undefined) {
    throw new UsageError(
      `cannot tell the spelling to write: end the name behind -o in ${WRITERS.map((spec) => spec.extension).join(', ')}, or give --to`,
    );
  }
  return writer;
}

export function usedFields(trace: OpenTrace): readonly FieldName[] {
  let presence: Int32Array | undefined;
  trace.run({
    event(event) {
      presence ??= new Int32Array(event.presence.length);
      for (let i = 0; i < presence.length; i++) presence[i] = (presence[i] ?? 0) | (event.presence[i] ?? 0);
      return true;
    },
  });
  return SLOTS.filter((slot) => (((presence?.[slot.id >> 5] ?? 0) >>> (slot.id & 31)) & 1) === 1).map(
    (slot) => slot.field,
  );
}

function isSameFile(a: string, b: string): boolean {
  if (resolve(a) === resolve(b)) return true;
  const x = statSync(a, { throwIfNoEntry: false });
  const y = statSync(b, { throwIfNoEntry: false });
  return x !== undefined && y !== undefined && x.isFile() && x.dev === y.dev && x.ino === y.ino;
}
