import * as React from 'react';

import { Run } from '../api/types';
import { State } from '../model/model';
import { Sparkline } from './charts';
import { Compared, SideBySide } from './comparison';
import { LineageOf, LookUp } from './lineage';
import { Badge, Chevron, Dot, Empty, Facts, Section } from './parts';
import { ago, duration, mainMetric, moment, plain, short, useWords } from './words';

const FIRST = 6;
const PAUSE_MS = 350;

/** The runs of the open notebook, or of everyone here. */
export function Runs(props: {
  state: State;
  onScope: (scope: State['scope']) => void;
  onFilter: (filter: string) => void;
  onLineage: LookUp;
  onCompare: SideBySide;
}): JSX.Element {
  const trans = useWords();
  const { runs, notebook, scope, filter } = props.state;
  const [all, setAll] = React.useState(false);
  const [picked, setPicked] = React.useState<string[]>([]);
  const pick = (run: string): void => setPicked(now => (now.includes(run) ? now.filter(other => other !== run) : [...now, run]));
  const metric = mainMetric(runs);
  const shown = all ? runs : runs.slice(0, FIRST);
  const mine = scope === 'notebook' && notebook !== null;
  const trend = metric === null ? [] : runs.filter(run => metric in run.metrics).reverse();
  return (
    <Section
      id="runs"
      title={trans.__('Runs')}
      count={runs.length}
      problem={props.state.problems.runs}
      aside={
        notebook === null ? null : (
          <span className="nbmlops-Switch" role="group" aria-label={trans.__('Whose runs')}>
            <button type="button" aria-pressed={mine} onClick={() => props.onScope('notebook')}>
              {trans.__('This notebook')}
            </button>
            <button type="button" aria-pressed={!mine} onClick={() => props.onScope('all')}>
              {trans.__('All')}
            </button>
          </span>
        )
      }
    >
      {runs.length > 0 || filter ? <Filter filter={filter} onFilter={props.onFilter} /> : null}
      {runs.length === 0 && filter && !props.state.problems.runs ? (
        <p className="nbmlops-Quiet">{trans.__('No run passes this filter.')}</p>
      ) : null}
      {runs.length === 0 && !filter ? (
        <Empty
          text={mine ? trans.__('No run of this notebook yet. In its first cell:') : trans.__('No runs yet. In a notebook:')}
          line="%load_ext nbmlops"
        />
      ) : null}
      {trend.length > 2 ? (
        <figure className="nbmlops-Trend">
          <figcaption>{trans.__('%1 over %2 runs', metric, trend.length)}</figcaption>
          <Sparkline
            label={trans.__('%1 over %2 runs, the oldest first', metric, trend.length)}
            points={trend.map(run => ({
              value: run.metrics[metric!],
              label: `${run.name}: ${short(run.metrics[metric!])}`,
              kind: run.status
            }))}
          />
        </figure>
      ) : null}
      {picked.length ? <Compared runs={picked} ask={props.onCompare} onNone={() => setPicked([])} /> : null}
      <ul className="nbmlops-List">
        {shown.map(run => (
          <RunRow key={run.id} run={run} metric={metric} look={props.onLineage} picked={picked.includes(run.id)} onPick={pick} />
        ))}
      </ul>
      {runs.length > FIRST ? (
        <button type="button" className="nbmlops-Link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? trans.__('Show the newest') : trans.__('Show all %1', runs.length)}
        </button>
      ) : null}
    </Section>
  );
}

/** Which runs, in the words of `run find`; asked when the typing pauses. */
function Filter(props: { filter: string; onFilter: (filter: string) => void }): JSX.Element {
  const trans = useWords();
  const [text, setText] = React.useState(props.filter);
  const { onFilter } = props;
  React.useEffect(() => {
    const waiting = window.setTimeout(() => onFilter(text.trim()), PAUSE_MS);
    return () => window.clearTimeout(waiting);
  }, [text]);
  return (
    <input
      type="search"
      className="nbmlops-Filter"
      aria-label={trans.__('Filter runs')}
      placeholder="metrics.mae < 3 and status = finished"
      spellCheck={false}
      value={text}
      onChange={event => setText(event.target.value)}
      onKeyDown={event => (event.key === 'Enter' ? onFilter(text.trim()) : undefined)}
    />
  );
}

interface Picking {
  picked: boolean;
  onPick: (run: string) => void;
}

function RunRow({ run, metric, look, ...picking }: { run: Run; metric: string | null; look: LookUp } & Picking): JSX.Element {
  const trans = useWords();
  const [open, setOpen] = React.useState(false);
  const told: { [status in Run['status']]: string } = {
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    killed: trans.__('killed')
  };
  const value = metric !== null && metric in run.metrics ? run.metrics[metric] : null;
  return (
    <li className="nbmlops-Run" data-run={run.id} data-status={run.status} data-picked={picking.picked}>
      <button type="button" className="nbmlops-Row" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Dot status={run.status} label={told[run.status]} />
        <span className="nbmlops-Row-main">
          <span className="nbmlops-Chips">
            <span className="nbmlops-Name">{run.name}</span>
            <Badge verdict={run.verdict} />
          </span>
          <span className="nbmlops-Quiet" title={moment(run.started_at)}>
            {ago(run.started_at)}
            {run.status !== 'finished' ? ` · ${told[run.status]}` : run.duration_s === null ? null : ` · ${duration(run.duration_s)}`}
          </span>
        </span>
        {value === null ? null : (
          <span className="nbmlops-Metric">
            <b>{short(value)}</b>
            <small>{metric}</small>
          </span>
        )}
        <Chevron open={open} />
      </button>
      {open ? <RunFacts run={run} look={look} {...picking} /> : null}
    </li>
  );
}

function RunFacts({ run, look, picked, onPick }: { run: Run; look: LookUp } & Picking): JSX.Element {
  const trans = useWords();
  const about: [string, React.ReactNode][] = [[trans.__('id'), <code key="id">{run.id}</code>]];
  about.push([trans.__('experiment'), run.experiment]);
  if (run.estimator) {
    about.push([trans.__('estimator'), run.estimator]);
  }
  if (run.data_hash) {
    about.push([trans.__('data'), <code key="data" title={run.data_hash}>{run.data_hash.slice(0, 19)}</code>]);
  }
  if (run.git_commit) {
    const commit = run.git_commit.slice(0, 10);
    about.push([trans.__('git'), <code key="git">{run.git_dirty ? trans.__('%1, with changes', commit) : commit}</code>]);
  }
  return (
    <div className="nbmlops-Details">
      <button type="button" className="nbmlops-Link" aria-pressed={picked} onClick={() => onPick(run.id)}>
        {picked ? trans.__('Picked to compare') : trans.__('Pick to compare')}
      </button>
      {run.error ? (
        <p className="nbmlops-Failure">
          {run.failed_cell !== null ? <b>{trans.__('Cell %1', run.failed_cell + 1)} </b> : null}
          {run.error}
        </p>
      ) : null}
      <Facts title={trans.__('Parameters')} facts={Object.entries(run.params).map(([name, value]) => [name, plain(value)])} />
      <Facts title={trans.__('Metrics')} facts={Object.entries(run.metrics).map(([name, value]) => [name, short(value)])} />
      <Facts title={trans.__('Tags')} facts={Object.entries(run.tags)} />
      <Facts title={trans.__('About')} facts={about} />
      <LineageOf subject={run.id} look={look} />
    </div>
  );
}
