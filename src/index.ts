// The programming interface: read a trace, replay it, write rules and readers of one's own.
export { InputError, type InputErrorCode, type InputErrorDetails, UsageError } from './errors.ts';
export type { FindingFilter } from './findings/collector.ts';
export type {
  EvidenceItem,
  ExactNumber,
  ReplayResult,
  ResultFinding,
  ResultRule,
  ResultScheduler,
  Verdict,
} from './findings/result.ts';
export { openInput, sourceFromBytes } from './input/open.ts';
export type { Source } from './input/source.ts';
export { type KernelVersion, parseKernelVersion, RELEASES, type Release } from './kernel/release.ts';
export { chooseReader, openTrace, READERS } from './readers/index.ts';
export { defineReader, type EventSink, type OpenTrace, type Reader, type ReaderOptions } from './readers/reader.ts';
export { type RunOptions, runReplay } from './replay/run.ts';
export { findRule, RULES } from './rules/index.ts';
export {
  defineRule,
  type EvidenceRef,
  type FindingVerdict,
  type Report,
  type RuleContext,
  type RuleHandlers,
  type RuleSpec,
  type Severity,
} from './rules/rule.ts';
export { CpuMask } from './trace/cpu-mask.ts';
export { newTraceEvent, type TraceEvent } from './trace/event.ts';
export { emptyHeader, TRACE_FORMAT, type TraceHeader } from './trace/header.ts';
export { EVENT_SPECS, EVENT_TYPES, type EventType } from './trace/vocabulary/index.ts';
export type { Domain } from './vtime/domain.ts';
export { loadDomain } from './vtime/load-domain.ts';
