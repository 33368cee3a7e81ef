import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ErrorRecord, GateCheck, GateReport, Model, ModelVersion, PipelineRun } from '../api/types';
import { record, WorkspaceModel } from '../model/model';
import { useAsked } from './asked';
import { Checks, Gate } from './gate';
import { CHAMPION } from './models';
import { Facts, Problem, Waiting } from './parts';
import { plain, short, useWords, Words } from './words';

/** Text above a field for the reason; the reason is the dialog's value. */
class Reason extends ReactWidget implements Dialog.IBodyWidget<string> {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _text: React.ReactNode
  ) {
    super();
    this.addClass('nbmlops-Dialog');
  }

  getValue(): string {
    return this._reason.trim();
  }

  protected render(): JSX.Element {
    return (
      <Words.Provider value={this._trans}>
        {this._text}
        <label>
          {this._trans.__('Reason, for the audit trail')}
          <input type="text" className="jp-mod-styled" maxLength={250} onChange={event => (this._reason = event.target.value)} />
        </label>
      </Words.Provider>
    );
  }

  private _reason = '';
}

/** Ask, then point the champion at a version. A refusal by the gate is shown, and may be overruled with a reason. */
export async function promote(panel: WorkspaceModel, trans: TranslationBundle, model: Model, version: ModelVersion): Promise<void> {
  const now = model.versions.find(known => known.version === model.aliases[CHAMPION]);
  const asked = await showDialog({
    title: trans.__('Promote %1 version %2?', model.name, version.version),
    body: new Reason(
      trans,
      <>
        <Beside trans={trans} now={now} next={version} />
        <Asked check={() => panel.check(model.name, version.version)} />
      </>
    ),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Promote') })],
    focusNodeSelector: 'input'
  });
  if (!asked.button.accept) {
    return;
  }
  const request = { model: model.name, version: version.version, alias: CHAMPION };
  try {
    await panel.promote({ ...request, reason: asked.value ?? '', force: false });
  } catch (error) {
    const refused = record(error);
    if (refused.code !== 'gate_refused') {
      return tell(trans, trans.__('Not promoted'), refused);
    }
    const failed = await refusals(panel, model.name, version.version);
    const insisted = await showDialog({
      title: trans.__('The gate refused version %1', version.version),
      body: new Reason(
        trans,
        <>
          <Problem problem={refused} />
          <Checks checks={failed} />
        </>
      ),
      buttons: [Dialog.cancelButton({ label: trans.__('Keep') }), Dialog.warnButton({ label: trans.__('Promote anyway') })],
      defaultButton: 0
    });
    if (insisted.button.accept) {
      await attempt(trans, trans.__('Not promoted'), panel.promote({ ...request, reason: insisted.value ?? '', force: true }));
    }
  }
}

/** The checks that a version failed last; none where they cannot be read, since the refusal itself is shown. */
async function refusals(panel: WorkspaceModel, model: string, version: number): Promise<GateCheck[]> {
  try {
    const { reports } = await panel.page(model, version);
    return reports.slice(0, 1).flatMap(report => report.checks.filter(check => !check.passed));
  } catch {
    return [];
  }
}

/** What the gate says before anything moves; where there is none, that. */
function Asked(props: { check: () => Promise<GateReport | null> }): JSX.Element {
  const trans = useWords();
  const { found, problem } = useAsked('gate', null, async () => ({ report: await props.check() }));
  if (problem !== null) {
    return <Problem problem={problem} />;
  }
  if (found === null) {
    return <Waiting />;
  }
  return found.report === null ? <p className="nbmlops-Quiet">{trans.__('This model has no gate: nothing is asked of a version.')}</p> : <Gate report={found.report} />;
}

/** Ask, then point the champion where it was. */
export async function rollback(panel: WorkspaceModel, trans: TranslationBundle, model: Model): Promise<void> {
  const now = model.versions.find(known => known.version === model.aliases[CHAMPION]);
  const next = model.versions.find(known => known.version === model.before[CHAMPION]);
  const asked = await showDialog({
    title: trans.__('Roll %1 back?', model.name),
    body: new Reason(trans, <Beside trans={trans} now={now} next={next} />),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label: trans.__('Roll back') })],
    focusNodeSelector: 'input'
  });
  if (asked.button.accept) {
    await attempt(trans, trans.__('Not rolled back'), panel.rollback(model.name, CHAMPION, asked.value ?? ''));
  }
}

/** What a pipeline is executed with; whether every step is executed is the dialog's value. */
class Again extends ReactWidget implements Dialog.IBodyWidget<boolean> {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _run: PipelineRun
  ) {
    super();
    this.addClass('nbmlops-Dialog');
  }

  getValue(): boolean {
    return this._force;
  }

  protected render(): JSX.Element {
    const params = Object.entries(this._run.params).map(([name, value]): [string, string] => [name, plain(value)]);
    return (
      <Words.Provider value={this._trans}>
        <code>{this._run.file}</code>
        <Facts title={this._trans.__('Parameters')} facts={params} />
        <label className="nbmlops-Check">
          <input type="checkbox" onChange={event => (this._force = event.target.checked)} />
          {this._trans.__('Every step, though nothing changed')}
        </label>
      </Words.Provider>
    );
  }

  private _force = false;
}

/** Show what a pipeline was executed with, ask, then execute it in the background. */
export async function runAgain(panel: WorkspaceModel, trans: TranslationBundle, run: PipelineRun): Promise<void> {
  const asked = await showDialog({
    title: trans.__('Run %1 again?', run.name),
    body: new Again(trans, run),
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Run again') })]
  });
  if (asked.button.accept) {
    await attempt(trans, trans.__('Not started'), panel.runAgain(run, asked.value ?? false));
  }
}

/** Stop an execution; it goes on from there when it is run again, so that nothing is asked. */
export async function stop(panel: WorkspaceModel, trans: TranslationBundle, run: PipelineRun): Promise<void> {
  await attempt(trans, trans.__('Not stopped'), panel.stop(run));
}

async function attempt(trans: TranslationBundle, failed: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    await tell(trans, failed, record(error));
  }
}

async function tell(trans: TranslationBundle, title: string, problem: ErrorRecord): Promise<void> {
  await showDialog({
    title,
    body: <Problem problem={problem} />,
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}

/** The version that answers now and the one that would, metric by metric. */
function Beside(props: { trans: TranslationBundle; now?: ModelVersion; next?: ModelVersion }): JSX.Element {
  const { trans, now, next } = props;
  const names = [...new Set([...Object.keys(now?.metrics ?? {}), ...Object.keys(next?.metrics ?? {})])].sort();
  return (
    <table className="nbmlops-Beside">
      <thead>
        <tr>
          <th scope="col">{CHAMPION}</th>
          <th scope="col">{now ? trans.__('now v%1', now.version) : trans.__('none yet')}</th>
          <th scope="col">{next ? trans.__('then v%1', next.version) : ''}</th>
        </tr>
      </thead>
      <tbody>
        {names.map(name => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{short(now?.metrics[name])}</td>
            <td>{short(next?.metrics[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
