import * as React from 'react';

import { Decision, DriftReport, QualityPoint } from '../api/types';
import { State } from '../model/model';
import { DriftBars, Sparkline } from './charts';
import { Chip, Empty, Section } from './parts';
import { ago, day, moment, short, useWords, whole } from './words';

/** The last drift report of each model, and how its quality went. */
export function Drift({ state }: { state: State }): JSX.Element {
  const trans = useWords();
  const models = [...new Set(state.reports.map(report => report.model))];
  return (
    <Section id="drift" title={trans.__('Drift')} problem={state.problems.reports}>
      {models.length === 0 ? (
        <Empty text={trans.__('Nothing has been compared yet. Against what a model was trained on:')} line="%mlops drift check MODEL" />
      ) : null}
      {models.map(model => (
        <LastReport key={model} reports={state.reports.filter(report => report.model === model)} />
      ))}
    </Section>
  );
}

function LastReport({ reports }: { reports: DriftReport[] }): JSX.Element {
  const trans = useWords();
  const last = reports[0];
  const drifted = last.drifted_columns;
  return (
    <article className="nbmlops-Card" data-report={last.id} aria-label={last.model}>
      <header>
        <h4 className="nbmlops-Name">
          {last.model} <small>v{last.version}</small>
        </h4>
        <Chip kind={drifted.length ? 'drifted' : 'calm'}>
          {drifted.length ? trans._n('%1 column drifted', '%1 columns drifted', drifted.length) : trans.__('no drift')}
        </Chip>
      </header>
      <p className="nbmlops-Quiet" title={moment(last.at)}>
        {last.start && last.end ? `${day(last.start)} – ${day(last.end)} · ` : ''}
        {trans.__('%1 rows, %2 labelled', whole(last.rows), whole(last.labelled))}
        {' · '}
        {ago(last.at)}
      </p>
      <DriftBars scores={last.scores} />
      <Quality reports={reports} />
    </article>
  );
}

function Quality({ reports }: { reports: DriftReport[] }): JSX.Element | null {
  const trans = useWords();
  // Windows may overlap between reports; of one period the newest report knows best.
  const known = new Map<string, QualityPoint>();
  [...reports].reverse().forEach(report => report.quality.forEach(point => known.set(`${point.metric} ${point.start}`, point)));
  const points = [...known.values()].sort((a, b) => (a.start < b.start ? -1 : 1));
  const metric = points[points.length - 1]?.metric;
  const line = points.filter(point => point.metric === metric);
  if (!line.length) {
    return null;
  }
  const last = line[line.length - 1];
  return (
    <figure className="nbmlops-Trend">
      <figcaption>
        <span>{trans.__('%1 over time', metric)}</span>
        <b>{short(last.value)}</b>
      </figcaption>
      <Sparkline
        label={trans.__('%1 over time, now %2', metric, short(last.value))}
        points={line.map(point => ({ value: point.value, label: `${day(point.start)} – ${day(point.end)}: ${short(point.value)}` }))}
      />
    </figure>
  );
}

const FIRST = 5;

/** What the policies decided, newest first. */
export function Decisions({ state }: { state: State }): JSX.Element {
  const trans = useWords();
  const [all, setAll] = React.useState(false);
  const shown = all ? state.decisions : state.decisions.slice(0, FIRST);
  return (
    <Section id="decisions" title={trans.__('Decisions')} count={state.decisions.length} problem={state.problems.decisions}>
      {state.decisions.length === 0 ? <Empty text={trans.__('No policy has decided anything yet.')} line="%mlops policy set ENDPOINT NOTEBOOK" /> : null}
      <ol className="nbmlops-Timeline">
        {shown.map(decision => (
          <DecisionRow key={decision.id} decision={decision} />
        ))}
      </ol>
      {state.decisions.length > FIRST ? (
        <button type="button" className="nbmlops-Link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show the newest') : trans.__('Show all %1', state.decisions.length)}
        </button>
      ) : null}
    </Section>
  );
}

function DecisionRow({ decision }: { decision: Decision }): JSX.Element {
  const trans = useWords();
  const told: { [action in Decision['action']]: string } = {
    waited: trans.__('Waited'),
    kept: trans.__('Kept'),
    promoted: trans.__('Promoted'),
    refused: trans.__('Refused'),
    rolled_back: trans.__('Rolled back'),
    failed: trans.__('Failed')
  };
  const moved = decision.version_after !== null && decision.version_after !== decision.version_before;
  return (
    <li data-action={decision.action}>
      <p>
        <b>{told[decision.action]}</b> <span>{decision.endpoint}</span>
        {moved ? <span className="nbmlops-Move">{` v${decision.version_before ?? '–'} → v${decision.version_after}`}</span> : null}
      </p>
      <p>{decision.reason}</p>
      <p className="nbmlops-Quiet" title={moment(decision.at)}>
        {day(decision.start)} – {day(decision.end)}
      </p>
    </li>
  );
}
