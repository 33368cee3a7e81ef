import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import * as React from 'react';

import { markIcon } from '../icon';
import { State, WorkspaceModel } from '../model/model';
import * as dialogs from './dialogs';
import { Decisions, Drift } from './drift';
import { Endpoints } from './endpoints';
import { Models } from './models';
import { Empty, Problem, Waiting } from './parts';
import { Pipelines } from './pipelines';
import { Runs } from './runs';
import { useWords, Words } from './words';

/** The side panel; looks only while it is visible. */
export class Panel extends ReactWidget {
  constructor(
    private readonly _model: WorkspaceModel,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.id = 'nbmlops-panel';
    this.addClass('nbmlops-Panel');
    this.title.icon = markIcon;
    this.title.caption = _trans.__('nbmlops: runs, pipelines, models, endpoints, drift');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _trans.__('nbmlops'));
  }

  dispose(): void {
    this._model.dispose();
    super.dispose();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._model.visible = true;
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._model.visible = this.isVisible;
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._model.visible = false;
  }

  protected render(): JSX.Element {
    return (
      <Words.Provider value={this._trans}>
        <UseSignal signal={this._model.stateChanged} initialArgs={this._model.state}>
          {(_, state) => <View state={state ?? this._model.state} model={this._model} />}
        </UseSignal>
      </Words.Provider>
    );
  }
}

function View({ state, model }: { state: State; model: WorkspaceModel }): JSX.Element {
  const trans = useWords();
  return (
    <>
      <Head state={state} onReload={() => void model.reload()} />
      {state.problem ? <Problem problem={state.problem} /> : null}
      {state.phase === 'loading' && !state.problem ? <Waiting /> : null}
      {state.phase === 'absent' ? (
        <div className="nbmlops-Welcome">
          <markIcon.react tag="div" className="nbmlops-Welcome-mark" />
          <Empty text={trans.__('Nothing is recorded here yet. Begin in a notebook’s first cell, and run the experiment as always:')} line="%load_ext nbmlops" />
        </div>
      ) : null}
      {state.phase === 'ready' ? (
        <>
          <Runs
            state={state}
            onScope={scope => model.choose(scope)}
            onFilter={filter => model.narrow(filter)}
            onLineage={subject => model.lineage(subject)}
            onCompare={runs => model.compare(runs)}
          />
          <Pipelines
            state={state}
            onStop={run => dialogs.stop(model, trans, run)}
            onRunAgain={run => dialogs.runAgain(model, trans, run)}
          />
          <Models
            state={state}
            onPromote={(chosen, version) => void dialogs.promote(model, trans, chosen, version)}
            onRollback={chosen => void dialogs.rollback(model, trans, chosen)}
            onLineage={subject => model.lineage(subject)}
            onCompare={(name, versions) => model.compareVersions(name, versions)}
            onPage={(name, version) => model.page(name, version)}
          />
          <Endpoints state={state} />
          <Drift state={state} />
          <Decisions state={state} />
        </>
      ) : null}
    </>
  );
}

function Head({ state, onReload }: { state: State; onReload: () => void }): JSX.Element {
  const trans = useWords();
  const root = state.workspace?.root ?? '';
  const name = root.split(/[\\/]/).filter(Boolean).pop();
  const lives = state.phase === 'ready' && !state.problem;
  return (
    <header className="nbmlops-Head">
      <markIcon.react tag="span" className="nbmlops-Head-mark" />
      <h2 title={root}>{name ?? trans.__('nbmlops')}</h2>
      {lives ? (
        <span className="nbmlops-Live" title={trans.__('Follows changes by itself')}>
          <i /> {trans.__('live')}
        </span>
      ) : null}
      <button type="button" className="nbmlops-Icon" aria-label={trans.__('Refresh')} title={trans.__('Refresh')} onClick={onReload}>
        <refreshIcon.react tag="span" />
      </button>
    </header>
  );
}
