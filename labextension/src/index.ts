import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { connect } from './api/client';
import { markIcon } from './icon';
import { WorkspaceModel } from './model/model';
import { Panel } from './panel/panel';

const plugin: JupyterFrontEndPlugin<void> = {
  id: '@nbmlops/labextension:panel',
  description: 'Runs, models, endpoints and drift beside the notebook.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('nbmlops');
    let near = '';
    const model = new WorkspaceModel(connect(app.serviceManager.serverSettings, () => near));
    const panel = new Panel(model, trans);
    app.shell.add(panel, 'right', { rank: 900 });
    restorer?.add(panel, panel.id);

    const follow = (notebook: NotebookPanel | null) => {
      near = notebook ? app.serviceManager.contents.localPath(notebook.context.path) : '';
      const root = PageConfig.getOption('nbmlopsRoot');
      model.show(near && root ? URLExt.join(root, near) : null);
    };
    const renamed = () => follow(tracker.currentWidget);
    let watched: NotebookPanel | null = null;
    tracker.currentChanged.connect((_, notebook) => {
      watched?.context?.pathChanged.disconnect(renamed);
      watched = notebook;
      watched?.context.pathChanged.connect(renamed);
      follow(notebook);
    });
    follow(tracker.currentWidget);
    // A cell may have made the workspace; no need to wait until the poll, slow by now, finds it.
    NotebookActions.executed.connect(() => {
      if (model.state.phase === 'absent') {
        void model.refresh();
      }
    });

    const category = trans.__('nbmlops');
    app.commands.addCommand('nbmlops:show', {
      label: trans.__('Show runs, models and drift'),
      icon: markIcon,
      execute: () => app.shell.activateById(panel.id),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    app.commands.addCommand('nbmlops:refresh', {
      label: trans.__('Refresh runs, models and drift'),
      execute: () => model.reload(),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    palette?.addItem({ command: 'nbmlops:show', category });
    palette?.addItem({ command: 'nbmlops:refresh', category });
  }
};

export default plugin;
