// The thread that reads as seen from the one that it reads for.
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { OpenTrace, ReaderOptions } from '../reader.ts';
import { ChunkRing } from './chunk-ring.ts';
import type { ReadingOrder } from './messages.ts';
import { ThreadedTrace } from './threaded-trace.ts';

/** A thread that is reading a file. */
export class ReaderThread {
  readonly ring = new ChunkRing();
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #onProgress: ((done: number) => void) | undefined;
  #runs = 0;

  /** Starts the first run. The worker runs reader-thread.ts. */
  constructor(worker: Worker, path: string, fd: number, options: ReaderOptions) {
    const { port1, port2 } = new MessageChannel();
    const order: ReadingOrder = {
      path,
      fd,
      format: options.format,
      snapshot: options.snapshot,
      memory: this.ring.memory,
      port: port2,
    };
    this.#onProgress = options.onProgress;
    this.#port = port1;
    this.#worker = worker;
    worker.postMessage(order, [port2]);
  }

  /** The trace, whose events come from the thread; `trace` is the same one, opened here. */
  follow(trace: OpenTrace): OpenTrace {
    return new ThreadedTrace(trace, this, this.#onProgress);
  }

  /** Begins a run; the one before has ended. */
  begin(): void {
    if (this.#runs++ === 0) return;
    this.ring.start();
    this.#worker.postMessage('run');
  }

  /** The message that was sent for the chunk at hand. */
  message(): unknown {
    const received = receiveMessageOnPort(this.#port) as { readonly message: unknown } | undefined;
    if (received === undefined) throw new Error('the thread that reads announced a message that did not come');
    return received.message;
  }

  close(): void {
    this.ring.stop();
    this.#port.close();
    void this.#worker.terminate();
  }
}
