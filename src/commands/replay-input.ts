// A trace to be replayed: opened, and read ahead by a thread of its own where it is long.
import { openInput } from '../input/open.ts';
import type { Source } from '../input/source.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace, ReaderOptions } from '../readers/reader.ts';
import { readAhead } from '../readers/thread/read-ahead.ts';
import type { ReaderThread } from '../readers/thread/reader-thread-handle.ts';
import type { CommandContext } from './context.ts';
import { Progress } from './progress.ts';

export interface InputOptions {
  readonly snapshot?: string;
  readonly inputFormat?: string;
  readonly keepGoing?: boolean;
}

export class ReplayInput {
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #progress: Progress;
  readonly #thread: ReaderThread | undefined;

  constructor(source: Source, options: ReaderOptions, progress: Progress, thread: ReaderThread | undefined) {
    this.#source = source;
    this.#options = options;
    this.#progress = progress;
    this.#thread = thread;
  }

  /** The trace; what cannot be read is an InputError. */
  async trace(): Promise<OpenTrace> {
    const trace = await openTrace(this.#source, this.#options);
    return this.#thread?.follow(trace) ?? trace;
  }

  close(): void {
    this.#progress.end();
    this.#thread?.close();
    this.#source.close();
  }
}

/** Opens `path`, and begins to read it if it is long. What cannot be opened is an InputError. */
export async function openReplayInput(
  path: string,
  options: InputOptions,
  context: CommandContext,
): Promise<ReplayInput> {
  const source = await openInput(path);
  const progress = new Progress(context, path);
  const readerOptions: ReaderOptions = {
    ...(options.inputFormat === undefined ? {} : { format: options.inputFormat }),
    ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
    explainsAtOnce: options.keepGoing === true,
    onProgress: (done: number) => progress.update(done),
  };
  try {
    const thread = await readAhead(context.readerThread, source, readerOptions);
    return new ReplayInput(source, readerOptions, progress, thread);
  } catch (error) {
    // Nobody else knows of it yet.
    source.close();
    throw error;
  }
}
