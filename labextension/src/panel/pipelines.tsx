import * as React from 'react';

import { PipelineRun, StepRun } from '../api/types';
import { State } from '../model/model';
import { Chevron, Dot, Empty, Facts, Section } from './parts';
import { ago, duration, moment, plain, short, useWords } from './words';

export interface PipelineActions {
  onStop: (run: PipelineRun) => Promise<void>;
  onRunAgain: (run: PipelineRun) => Promise<void>;
}

/** Of each pipeline its last execution, step by step; stop it, or execute it again. */
export function Pipelines(props: { state: State } & PipelineActions): JSX.Element {
  const trans = useWords();
  const { pipelines, problems } = props.state;
  return (
    <Section id="pipelines" title={trans.__('Pipelines')} count={pipelines.length} problem={problems.pipelines}>
      {pipelines.length === 0 ? (
        <Empty text={trans.__('No pipeline was executed yet. In a notebook:')} line="%mlops pipeline run FILE.yaml" />
      ) : null}
      <ul className="nbmlops-List">
        {pipelines.map(run => (
          <PipelineRow key={run.file} run={run} {...props} />
        ))}
      </ul>
    </Section>
  );
}

function PipelineRow(props: { run: PipelineRun } & PipelineActions): JSX.Element {
  const trans = useWords();
  const { run } = props;
  const running = run.status === 'running';
  const [chosen, setOpen] = React.useState<boolean | null>(null);
  const open = chosen ?? running;
  const told: { [status in PipelineRun['status']]: string } = {
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    killed: trans.__('killed'),
    cancelled: trans.__('cancelled')
  };
  const took = duration(run.duration_s);
  const facts = [ago(run.started_at), run.status === 'finished' ? '' : told[run.status], took].filter(Boolean);
  return (
    <li className="nbmlops-Pipeline" data-pipeline={run.name} data-status={run.status}>
      <div className="nbmlops-Pipeline-line">
        <button type="button" className="nbmlops-Row" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Dot status={run.status} label={told[run.status]} />
          <span className="nbmlops-Row-main">
            <span className="nbmlops-Name" title={run.file}>{run.name}</span>
            <span className="nbmlops-Quiet" title={moment(run.started_at)}>{facts.join(' · ')}</span>
          </span>
          <Chevron open={open} />
        </button>
        {running ? (
          <Action key="stop" label={trans.__('Stop')} name={trans.__('Stop %1', run.name)} act={() => props.onStop(run)} />
        ) : (
          <Action key="again" label={trans.__('Run again')} name={trans.__('Run %1 again', run.name)} act={() => props.onRunAgain(run)} />
        )}
      </div>
      {running ? <Progress run={run} /> : null}
      {open ? <Steps run={run} /> : null}
    </li>
  );
}

/** A button that waits for what it did. */
function Action(props: { label: string; name: string; act: () => Promise<void> }): JSX.Element {
  const [busy, setBusy] = React.useState(false);
  const act = (): void => {
    setBusy(true);
    void props.act().finally(() => setBusy(false));
  };
  return (
    <button type="button" className="nbmlops-Button" aria-label={props.name} aria-busy={busy} disabled={busy} onClick={act}>
      {props.label}
    </button>
  );
}

function Progress({ run }: { run: PipelineRun }): JSX.Element {
  const trans = useWords();
  const done = run.steps.filter(step => step.status === 'finished' || step.status === 'skipped').length;
  const label = trans.__('%1 of %2 steps done', done, run.steps.length);
  return (
    <div
      className="nbmlops-Progress"
      role="progressbar"
      aria-label={trans.__('Steps of %1', run.name)}
      aria-valuemin={0}
      aria-valuemax={run.steps.length}
      aria-valuenow={done}
      aria-valuetext={label}
      title={label}
    >
      <i style={{ width: `${(100 * done) / Math.max(run.steps.length, 1)}%` }} />
    </div>
  );
}

function Steps({ run }: { run: PipelineRun }): JSX.Element {
  const trans = useWords();
  return (
    <div className="nbmlops-Details">
      {run.error && run.status !== 'cancelled' ? <p className="nbmlops-Failure">{run.error}</p> : null}
      <ol className="nbmlops-List" aria-label={trans.__('Steps of %1', run.name)}>
        {run.steps.map(step => (
          <StepRow key={step.step} step={step} />
        ))}
      </ol>
      <Facts title={trans.__('Parameters')} facts={Object.entries(run.params).map(([name, value]) => [name, plain(value)])} />
      <Facts title={trans.__('About')} facts={[[trans.__('id'), <code key="id">{run.id}</code>]]} />
    </div>
  );
}

function StepRow({ step }: { step: StepRun }): JSX.Element {
  const trans = useWords();
  const told: { [status in StepRun['status']]: string } = {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    killed: trans.__('killed'),
    skipped: trans.__('skipped'),
    cancelled: trans.__('cancelled')
  };
  const tried = step.attempts > 1 ? trans.__('tried %1 times', step.attempts) : '';
  const took = step.status === 'skipped' ? '' : duration(step.duration_s);
  const values = Object.entries(step.values).map(([name, value]): [string, string] => [
    name,
    typeof value === 'number' ? short(value) : plain(value)
  ]);
  return (
    <li className="nbmlops-Step" data-step={step.step} data-status={step.status}>
      <Dot status={step.status} label={told[step.status]} />
      <div className="nbmlops-Row-main">
        <span className="nbmlops-Chips">
          <span className="nbmlops-Name">{step.step}</span>
          <span className="nbmlops-Quiet">{[told[step.status], took, tried].filter(Boolean).join(' · ')}</span>
        </span>
        {step.at ? <span className="nbmlops-At">{step.at}</span> : null}
        {step.why && !step.at ? <span className="nbmlops-Quiet">{trans.__('because: %1', step.why)}</span> : null}
        {step.error && step.status !== 'cancelled' ? <p className="nbmlops-Failure">{step.error}</p> : null}
        <Facts facts={values} />
      </div>
    </li>
  );
}
