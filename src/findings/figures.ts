// What a scheduler developer compares between two recordings of one workload, as plain data.

/** Times that tasks waited between becoming runnable and running, ns. Percentiles are exact to 3 %. */
export interface WaitFigures {
  readonly count: number;
  readonly mean_ns: number;
  readonly p50_ns: number;
  readonly p95_ns: number;
  readonly p99_ns: number;
  readonly max_ns: number;
}

export interface ResultFigures {
  /** Times that a task of a sched_ext scheduler was set running, by CPU. */
  readonly picks: Readonly<Record<string, number>>;
  /** Of these, on another CPU than the time before. */
  readonly migrations: number;
  readonly waits: WaitFigures;
  /** By the name of the task, `#` for digits. */
  readonly waits_by_name: Readonly<Record<string, WaitFigures>>;
}
