import * as React from 'react';

import { Comparison, Difference } from '../api/types';
import { useAsked } from './asked';
import { Problem, Waiting } from './parts';
import { moment, plain, short, useWords } from './words';

/** Asks for runs side by side. */
export type SideBySide = (runs: string[]) => Promise<Comparison>;

const MOST = 40;
const MOST_LINES = 200;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What differs between picked runs, part by part; what is the same in all is counted. */
export function Compared(props: { runs: string[]; ask: SideBySide; onNone: () => void }): JSX.Element {
  const trans = useWords();
  const { found, problem } = useAsked(props.runs.join(' '), null, props.runs.length > 1 ? () => props.ask(props.runs) : null);
  return (
    <section className="nbmlops-Compared" aria-label={trans.__('Comparison')}>
      <p>
        {props.runs.length > 1 ? trans.__('%1 runs side by side', props.runs.length) : trans.__('One run is picked: pick another to compare.')}{' '}
        <button type="button" className="nbmlops-Link" onClick={props.onNone}>
          {trans.__('Pick none')}
        </button>
      </p>
      {problem ? <Problem problem={problem} /> : null}
      {props.runs.length > 1 && !problem && !found ? <Waiting /> : null}
      {found ? (
        <Differences
          names={found.runs.map(run => `${run.name} (${run.id.slice(-6)})`)}
          differences={found.differences}
          same={found.same}
        />
      ) : null}
    </section>
  );
}

/** What differs, part by part; what is the same in all is counted. `names` are those of what is compared. */
export function Differences(props: { names: string[]; differences: Difference[]; same: Difference[] }): JSX.Element {
  const trans = useWords();
  const names: { [part in Difference['part']]: string } = {
    metric: trans.__('Metrics'),
    gate: trans.__('Gate'),
    parameter: trans.__('Parameters'),
    seed: trans.__('Seeds'),
    data: trans.__('Data'),
    signature: trans.__('Signature'),
    estimator: trans.__('Estimator'),
    code: trans.__('Code'),
    environment: trans.__('Environment'),
    status: trans.__('Status'),
    version: trans.__('Version')
  };
  const parts = (Object.keys(names) as Difference['part'][]).map(part => ({
    part,
    differences: props.differences.filter(difference => difference.part === part)
  }));
  return (
    <>
      <p className="nbmlops-Quiet">{props.names.join(' → ')}</p>
      {props.differences.length === 0 ? <p>{trans.__('No differences.')}</p> : null}
      {parts.map(({ part, differences }) =>
        differences.length ? (
          <div key={part} className="nbmlops-Facts" data-part={part}>
            <h4>{names[part]}</h4>
            <dl>
              {differences.slice(0, MOST).map(difference => (
                <React.Fragment key={difference.name}>
                  <dt title={difference.name}>{difference.name}</dt>
                  <dd>{difference.diffs.length ? <Diffs diffs={difference.diffs} /> : <Values difference={difference} />}</dd>
                </React.Fragment>
              ))}
            </dl>
            {differences.length > MOST ? <p className="nbmlops-Quiet">{trans.__('and %1 more', differences.length - MOST)}</p> : null}
          </div>
        ) : null
      )}
      {props.same.length ? <p className="nbmlops-Quiet">{trans.__('The same in all: %1', props.same.map(same => same.name).slice(0, 12).join(', '))}</p> : null}
    </>
  );
}

function Values({ difference }: { difference: Difference }): JSX.Element {
  const trans = useWords();
  const [first, ...others] = difference.values;
  return (
    <>
      {told(first)}
      {others.map((value, index) => {
        const moved = typeof first === 'number' && typeof value === 'number' && first !== value ? value - first : null;
        const percent = moved !== null && first ? ` (${moved > 0 ? '+' : ''}${((100 * moved) / Math.abs(first as number)).toFixed(1)} %)` : '';
        const better = moved === null || difference.better === null ? null : moved < 0 === (difference.better === 'lower');
        return (
          <span key={index}>
            {' → '}
            {told(value)}
            {difference.part === 'metric' ? percent : ''}
            {better === null ? null : <i data-better={better}> {better ? trans.__('better') : trans.__('worse')}</i>}
          </span>
        );
      })}
    </>
  );
}

function told(value: Difference['values'][number]): string {
  if (value === null) {
    return '–';
  }
  if (typeof value === 'string' && TIME.test(value)) {
    return moment(value);
  }
  if (typeof value === 'string' && value.startsWith('blake3:')) {
    return `${value.slice(0, 14)}…`;
  }
  const text = typeof value === 'number' ? short(value) : plain(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function Diffs({ diffs }: { diffs: string[] }): JSX.Element {
  return (
    <>
      {diffs.filter(Boolean).map((diff, index) => (
        <pre key={index} className="nbmlops-Diff">
          {diff.split('\n').slice(0, MOST_LINES).map((line, at) => (
            <span key={at} data-sign={line[0]}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      ))}
    </>
  );
}
