// Events of the delegation that leave out what happened: they change something, and nobody knows what.
import type { TraceEvent } from '../../trace/event.ts';
import type { FieldName } from '../../trace/vocabulary/fields.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';
import type { Transition } from '../handler.ts';
import { OP_UPDATE_IDLE } from './idle.ts';
import { OP_CAPS_UPDATED } from './notify.ts';

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
const NAMED_OP: Fields = ['op', 'sched'];
const ECAPS: Fields = ['ecaps'];
const CGROUP: Fields = ['cgroup'];
const SYSFS: Fields = ['sched', 'cids'];
const QUEUED: Fields = ['sched', 'cid'];
const FOLDED: Fields = ['sched', 'ecaps'];
const SCAN: Fields = ['rq', 'reenq_flags'];
const SCAN_END: Fields = ['rq'];
const SCANNED: Fields = ['rq', 'pid', 'ret'];
const IDLE: Fields = ['idle'];
const KICK: Fields = ['sched', 'target'];

const STATEMENTS: { readonly [T in EventType]?: Statement } = {
  cap_grant: {
    fields: (event) => (event.phase === 'end' ? NONE : CALL),
    aspects: ['cap-relation-args', 'grant-retval'],
  },
  cap_revoke: { fields: (event) => (event.phase === 'end' ? NONE : CALL), aspects: ['cap-relation-args'] },
  cap_query: {
    fields: (event) => (event.step === 'sysfs' ? SYSFS : CGROUP),
    aspects: ['query-literal'],
    shows: true,
  },
  cap_sync: {
    fields: (event) => (event.step === 'queue' ? QUEUED : event.step === 'entry' ? FOLDED : NONE),
    aspects: ['ecaps-is-closure'],
  },
  cap_notify: {
    fields(event) {
      if (event.phase === 'end' || !event.has('op') || !event.has('sched')) return NAMED_OP;
      return event.op === OP_CAPS_UPDATED ? CALL : ECAPS;
    },
    aspects: ['caps-notify-exact', 'ecaps-report-chain'],
  },
  reenqueue: {
    fields(event) {
      if (event.step === 'cap_revoke') return SCANNED;
      if (event.step !== 'local') return NONE;
      return event.phase === 'end' ? SCAN_END : SCAN;
    },
    aspects: ['revoke-queue-purged', 'reenq-needs-base'],
  },
  kick: {
    fields: (event) => (event.step === 'request' ? KICK : NONE),
    aspects: ['kick-needs-base'],
  },
  ops_call: {
    fields(event) {
      if (event.op === OP_UPDATE_IDLE) return event.phase === 'end' ? NONE : IDLE;
      return event.op === 'sub_attach' || event.op === 'sub_detach' ? CGROUP : NONE;
    },
    aspects: ['attach-order', 'idle-complete'],
  },
};

function isComplete(event: TraceEvent, fields: Fields): boolean {
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i];
    if (field !== undefined && !event.has(field)) return false;
  }
  return true;
}

/**
 * Follows only events that say what happened. Behind one that does not, what schedulers hold, what is under way and what
 * is due are not known, as behind a loss.
 */
export function ifComplete(type: EventType, transition: Transition): Transition {
  const statement = STATEMENTS[type];
  if (statement === undefined) return transition;
  return (model, event, step) => {
    if (isComplete(event, statement.fields(event))) {
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
