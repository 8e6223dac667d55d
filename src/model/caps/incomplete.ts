// Events of the delegation that leave out what happened: they change something, and nobody knows what.
import type { TraceEvent } from '../../trace/event.ts';
import type { FieldName } from '../../trace/vocabulary/fields.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';
import type { Transition } from '../handler.ts';

type Fields = readonly FieldName[];

interface Statement {
  /** Fields without which an event of the type says nothing. */
  fields(event: TraceEvent): Fields;
  /** Aspects (ids of rules) that an event of the type is compared in. */
  readonly aspects: readonly string[];
  /** It only shows what is: nothing changes by it. */
  readonly shows?: true;
}

const NONE: Fields = [];
const CALL: Fields = ['caps', 'cids'];

const STATEMENTS: { readonly [T in EventType]?: Statement } = {
  cap_grant: {
    fields: (event) => (event.phase === 'end' ? NONE : CALL),
    aspects: ['cap-relation-args', 'grant-retval'],
  },
  cap_revoke: { fields: (event) => (event.phase === 'end' ? NONE : CALL), aspects: ['cap-relation-args'] },
  cap_query: {
    fields: (event) => (event.step === 'sysfs' ? ['sched', 'cids'] : ['cgroup']),
    aspects: ['query-literal'],
    shows: true,
  },
  cap_sync: {
    fields: (event) => (event.step === 'queue' ? ['sched', 'cid'] : event.step === 'entry' ? ['sched', 'ecaps'] : NONE),
    aspects: ['ecaps-is-closure'],
  },
  cap_notify: {
    fields: (event) =>
      event.phase === 'end' || !event.has('op') || !event.has('sched')
        ? ['op', 'sched']
        : event.op === 'sub_caps_updated'
          ? CALL
          : ['ecaps'],
    aspects: ['caps-notify-exact', 'ecaps-report-chain'],
  },
  reenqueue: {
    fields: (event) =>
      event.step === 'local'
        ? event.phase === 'end'
          ? ['rq']
          : ['rq', 'reenq_flags']
        : event.step === 'cap_revoke'
          ? ['rq', 'pid', 'ret']
          : NONE,
    aspects: ['revoke-queue-purged', 'reenq-needs-base'],
  },
  ops_call: {
    fields: (event) =>
      event.op === 'update_idle'
        ? event.phase === 'end'
          ? NONE
          : ['idle']
        : event.op === 'sub_attach' || event.op === 'sub_detach'
          ? ['cgroup']
          : NONE,
    aspects: ['attach-order', 'idle-complete'],
  },
};

/**
 * Follows only events that say what happened. Behind one that does not, what schedulers hold, what is under way and what
 * is due are not known, as behind a loss.
 */
export function ifComplete(type: EventType, transition: Transition): Transition {
  const statement = STATEMENTS[type];
  if (statement === undefined) return transition;
  return (model, event, step) => {
    if (statement.fields(event).every((field) => event.has(field))) {
      transition(model, event, step);
      return;
    }
    for (const aspect of statement.aspects)
      step.checks.open(aspect, 'the recording leaves out what the event is about');
    if (statement.shows === true) return;
    model.caps.forget(model.seq);
    for (const task of model.tasks()) task.caps = undefined;
  };
}
