// `scx-check dump`: what a debug dump, an exit line or a kernel log says, out of any text, or out of the records of a trace.
import { diagnose, isEmpty } from '../diagnosis/diagnose.ts';
import { dumpsOfTrace } from '../diagnosis/from-trace.ts';
import type { DumpResult } from '../diagnosis/result.ts';
import { parseDumpText } from '../dump/parse.ts';
import { explained, InputError, UsageError } from '../errors.ts';
import { openInput } from '../input/open.ts';
import { CHUNK_BYTES, readHead, type Source } from '../input/source.ts';
import { parseKernelVersion, type Release } from '../kernel/release.ts';
import { OutputFile } from '../output/output-file.ts';
import { chooseReader } from '../readers/index.ts';
import type { Reader } from '../readers/reader.ts';
import type { CommandContext } from './context.ts';
import { kernelOption, numberOption } from './options.ts';

export interface DumpCommandOptions {
  readonly kernel?: string;
  readonly timeout?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly limit?: string;
  readonly verbose?: boolean;
  readonly keepGoing?: boolean;
}

/** Lines of the longest lists unless --limit says otherwise. */
const DEFAULT_LIMIT = 10;
/** Texts are read as a whole: beyond this they are logs of something else. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;
const HEAD_BYTES = 64 * 1024;
/** Readers of texts: a dump in a text is read by its own parser, which forgives more. */
const TEXT_READERS: ReadonlySet<string> = new Set(['ftrace-text', 'perf-script', 'dump']);

export async function dumpCommand(path: string, options: DumpCommandOptions, context: CommandContext): Promise<number> {
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel).release;
  const timeoutMs = options.timeout === undefined ? undefined : timeoutOption(options.timeout);
  const limit = options.limit === undefined ? DEFAULT_LIMIT : numberOption('--limit', options.limit);
  const source = await openInput(path);
  let result: DumpResult;
  try {
    const reader = readerOf(source);
    const asked = { kernel, timeoutMs };
    result =
      reader === undefined
        ? ofText(source, path, asked)
        : await ofTrace(reader, source, path, asked, options.keepGoing === true, context);
  } finally {
    source.close();
  }
  const output = new OutputFile(options.output);
  if (options.format === 'json') output.write(`${JSON.stringify(result, null, 1)}\n`);
  else {
    const { makeStyle } = await import('../report/style.ts');
    const { renderDump } = await import('../report/dump-terminal.ts');
    const isTerminal = options.output === undefined && context.stdout.isTTY;
    const style = await makeStyle({ isTerminal, env: context.env });
    output.write(renderDump(result, { style, limit, verbose: options.verbose === true }));
  }
  output.close();
  return result.exit_code;
}

interface Asked {
  readonly kernel: Release | undefined;
  readonly timeoutMs: number | undefined;
}

/** The reader of a trace; undefined for texts of whatever kind. */
function readerOf(source: Source): Reader | undefined {
  try {
    const reader = chooseReader(source);
    return TEXT_READERS.has(reader.id) ? undefined : reader;
  } catch (error) {
    if (!(error instanceof InputError) || error.details.code !== 'unknown-format') throw error;
    // Bytes that are no text are no dump either.
    if (readHead(source, HEAD_BYTES).includes(0)) throw error;
    return undefined;
  }
}

function ofText(source: Source, path: string, { kernel, timeoutMs }: Asked): DumpResult {
  const parsed = parseDumpText(readText(source, path));
  if (isEmpty(parsed)) throw nothingThere(path, `${parsed.lines.total} lines without any of that`);
  const input = { path, form: 'text' as const, format: null, kernel: null };
  return diagnose(parsed, { input, kernel, timeoutMs });
}

async function ofTrace(
  reader: Reader,
  source: Source,
  path: string,
  { kernel, timeoutMs }: Asked,
  keepGoing: boolean,
  context: CommandContext,
): Promise<DumpResult> {
  const trace = await reader.open(source, {});
  const { parsed, exits, positionOf, timeOf, timeoutAt, damage } = dumpsOfTrace(trace);
  if (damage !== undefined) {
    if (!keepGoing || isEmpty(parsed, exits)) throw await explained(damage);
    context.stderr.write(`scx-check: ${damage.describe()}\n`);
  }
  if (isEmpty(parsed, exits)) throw nothingThere(path, 'a trace without exits and sched_ext_dump records');
  const name = trace.header.kernel ?? null;
  const version = name === null ? undefined : parseKernelVersion(name);
  return diagnose(parsed, {
    input: { path, form: 'trace', format: trace.format, kernel: name },
    kernel,
    traceKernel: version === undefined || version.beyond !== undefined ? undefined : version.release,
    timeoutMs,
    timeoutAt,
    exits,
    positionOf,
    timeOf,
  });
}

function nothingThere(path: string, found: string): InputError {
  return new InputError(
    {
      code: 'no-dump',
      path,
      expected: 'a debug dump, an EXIT line, lines of the kernel log about sched_ext, or counters',
      found,
      hint: 'journalctl -k -g sched_ext has the log; the loader of a scheduler prints the dump when it ends; scx-check explain takes a bare message',
    },
    'nothing here is about an exit of sched_ext',
  );
}

function readText(source: Source, path: string): string {
  if (source.size > MAX_TEXT_BYTES) {
    throw new InputError(
      {
        code: 'unsupported',
        path,
        expected: `a text of at most ${MAX_TEXT_BYTES / (1024 * 1024)} MiB`,
        found: `${Math.ceil(source.size / (1024 * 1024))} MiB`,
        hint: 'cut out the lines around the dump: grep -n sched_ext finds them',
      },
      'too long to be read as a dump',
    );
  }
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(source.size, 1)));
  const pieces: string[] = [];
  for (let at = 0; ; ) {
    const length = source.readAt(at, chunk);
    if (length === 0) break;
    pieces.push(decoder.decode(chunk.subarray(0, length), { stream: true }));
    at += length;
  }
  pieces.push(decoder.decode());
  return pieces.join('');
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

function timeoutOption(text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text);
  const ms = match === null ? 0 : Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
  if (ms <= 0) throw new UsageError(`--timeout: expected a time such as 5s or 500ms, found ${JSON.stringify(text)}`);
  return ms;
}
