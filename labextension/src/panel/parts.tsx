import * as React from 'react';

import { ErrorRecord, Run } from '../api/types';
import { useWords } from './words';

/** A part of the panel that folds. */
export function Section(props: {
  id: string;
  title: string;
  count?: number;
  problem?: ErrorRecord;
  aside?: React.ReactNode;
  children: React.ReactNode;
}): JSX.Element {
  const [open, setOpen] = React.useState(true);
  const body = `nbmlops-${props.id}-body`;
  return (
    <section className="nbmlops-Section" aria-labelledby={`nbmlops-${props.id}`} data-section={props.id}>
      <header className="nbmlops-Section-head">
        <h3 id={`nbmlops-${props.id}`}>
          <button type="button" aria-expanded={open} aria-controls={body} onClick={() => setOpen(!open)}>
            <Chevron open={open} />
            <span>{props.title}</span>
            {props.count ? <span className="nbmlops-Count">{props.count}</span> : null}
          </button>
        </h3>
        {open ? props.aside : null}
      </header>
      <div id={body} hidden={!open} className="nbmlops-Section-body">
        {props.problem ? <Problem problem={props.problem} /> : null}
        {props.children}
      </div>
    </section>
  );
}

export function Chevron(props: { open: boolean }): JSX.Element {
  return (
    <svg className="nbmlops-Chevron" data-open={props.open} viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
      <path d="M4 2l4 4-4 4" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** What went wrong: message, hint and code, in that order of size. */
export function Problem(props: { problem: ErrorRecord }): JSX.Element {
  return (
    <div className="nbmlops-Problem" role="alert">
      <p>{props.problem.message}</p>
      {props.problem.hint ? <p className="nbmlops-Quiet">{props.problem.hint}</p> : null}
      <code>{props.problem.code}</code>
    </div>
  );
}

/** Nothing there yet, and the line that changes it. */
export function Empty(props: { text: string; line?: string }): JSX.Element {
  return (
    <div className="nbmlops-Empty">
      <p>{props.text}</p>
      {props.line ? <code>{props.line}</code> : null}
    </div>
  );
}

export function Chip(props: { kind?: string; title?: string; children: React.ReactNode }): JSX.Element {
  return (
    <span className="nbmlops-Chip" data-kind={props.kind} title={props.title}>
      {props.children}
    </span>
  );
}

/** Whether executing the run again showed that it holds; nothing where nobody asked. */
export function Badge({ verdict }: { verdict: Run['verdict'] }): JSX.Element | null {
  const trans = useWords();
  if (verdict === null) {
    return null;
  }
  const told: { [verdict in NonNullable<Run['verdict']>]: [string, string] } = {
    VERIFIED: [trans.__('verified'), trans.__('Executed again in a fresh kernel, it came out the same')],
    DIFFERS: [trans.__('differs'), trans.__('Executed again in a fresh kernel, it came out otherwise')],
    CANNOT: [trans.__('cannot be verified'), trans.__('Something is missing to execute it again')]
  };
  return (
    <Chip kind={verdict} title={told[verdict][1]}>
      {told[verdict][0]}
    </Chip>
  );
}

/** A coloured dot; the word is there for those who do not see colour. */
export function Dot(props: { status: string; label: string }): JSX.Element {
  return <span className="nbmlops-Dot" data-status={props.status} role="img" aria-label={props.label} title={props.label} />;
}

/** Names and values in two columns. */
export function Facts(props: { title?: string; facts: [string, React.ReactNode][] }): JSX.Element | null {
  if (!props.facts.length) {
    return null;
  }
  return (
    <div className="nbmlops-Facts">
      {props.title ? <h4>{props.title}</h4> : null}
      <dl>
        {props.facts.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt title={name}>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
    </div>
  );
}

export function Waiting(): JSX.Element {
  const trans = useWords();
  return (
    <div className="nbmlops-Waiting" role="status" aria-label={trans.__('Loading')}>
      <i />
      <i />
      <i />
    </div>
  );
}
