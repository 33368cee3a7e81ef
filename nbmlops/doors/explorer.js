// The table of runs in a notebook. Every name and number is set as text; nothing here reads HTML.

function made(kind, name, text) {
  const node = document.createElement(kind);
  if (name) node.className = name;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(text, title, act) {
  const node = made('button', 'nbmlops-x-button', text);
  node.type = 'button';
  node.title = title;
  node.addEventListener('click', act);
  return node;
}

function render({ model, el }) {
  const root = made('div', 'nbmlops-x');
  const filter = made('input', 'nbmlops-x-filter');
  filter.type = 'search';
  filter.placeholder = 'metrics.mae < 3 and params.model = gb and started > -7d';
  filter.setAttribute('aria-label', 'Filter runs');
  filter.spellcheck = false;
  filter.value = model.get('filter');
  const wrong = made('div', 'nbmlops-x-wrong');
  wrong.setAttribute('role', 'alert');
  const count = made('span', 'nbmlops-x-quiet');
  const ask = what => model.send({ do: what });
  const compare = button('Compare', 'What differs between the picked runs', () => ask('compare'));
  const curves = button('Curves', 'Metrics of the picked runs by step', () => ask('curves'));
  const parallel = button('Parallel', 'The picked runs, or all shown, across parameters and metrics', () => ask('parallel'));
  const none = button('Pick none', 'Forget which runs are picked', () => set('picked', []));
  const before = button('‹', 'The page before', () => set('page', model.get('page') - 1));
  const after = button('›', 'The next page', () => set('page', model.get('page') + 1));
  const where = made('span', 'nbmlops-x-quiet');
  const bar = made('div', 'nbmlops-x-bar');
  bar.append(compare, curves, parallel, none, count, made('span', 'nbmlops-x-space'), where, before, after);
  const scroll = made('div', 'nbmlops-x-scroll');
  const table = made('table');
  const head = made('thead');
  const body = made('tbody');
  table.append(head, body);
  scroll.append(table);
  root.append(filter, wrong, bar, scroll);
  el.append(root);

  function set(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  let waiting;
  const typed = () => {
    clearTimeout(waiting);
    if (filter.value !== model.get('filter')) {
      model.set('page', 1);
      set('filter', filter.value);
    }
  };
  filter.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(typed, 300);
  });
  // JupyterLab would take Enter and arrows for the cell's own.
  filter.addEventListener('keydown', event => {
    event.stopPropagation();
    if (event.key === 'Enter') typed();
  });

  function drawHead() {
    const sort = model.get('sort');
    const row = made('tr');
    row.append(made('th'));
    for (const column of model.get('columns')) {
      const cell = made('th', column.number ? 'nbmlops-x-number' : '');
      cell.scope = 'col';
      const up = sort === column.sort;
      const down = sort === `-${column.sort}`;
      cell.setAttribute('aria-sort', up ? 'ascending' : down ? 'descending' : 'none');
      const act = () => {
        model.set('page', 1);
        set('sort', model.get('sort') === column.sort ? `-${column.sort}` : column.sort);
      };
      const name = button(column.name + (up ? ' ▲' : down ? ' ▼' : ''), `Sort by ${column.name}`, act);
      name.disabled = !column.sort;
      cell.append(name);
      row.append(cell);
    }
    head.replaceChildren(row);
  }

  function drawRows() {
    const picked = new Set(model.get('picked'));
    body.replaceChildren(
      ...model.get('rows').map(run => {
        const row = made('tr');
        row.dataset.run = run.id;
        const box = made('input');
        box.type = 'checkbox';
        box.checked = picked.has(run.id);
        box.setAttribute('aria-label', `Pick ${run.name}`);
        box.addEventListener('change', () => {
          const now = model.get('picked').filter(id => id !== run.id);
          set('picked', box.checked ? [...now, run.id] : now);
        });
        const first = made('td');
        first.append(box);
        row.append(first);
        run.cells.forEach((text, at) => {
          const column = model.get('columns')[at] ?? {};
          const cell = made('td', column.number ? 'nbmlops-x-number' : '');
          if (column.opens) {
            cell.append(button(text || run.id, `Open ${run.id}`, () => model.send({ do: 'open', run: run.id })));
          } else {
            cell.textContent = text;
          }
          row.append(cell);
        });
        return row;
      })
    );
    if (!model.get('rows').length) {
      const row = made('tr');
      row.append(made('td', 'nbmlops-x-quiet', 'No run passes this filter.'));
      body.append(row);
    }
  }

  function drawBar() {
    const picked = model.get('picked').length;
    count.textContent = picked ? `${picked} picked` : 'Pick runs to compare them.';
    compare.disabled = picked < 2;
    curves.disabled = picked < 1;
    none.disabled = picked < 1;
    const page = model.get('page');
    const size = model.get('size');
    const shown = model.get('rows').length;
    const from = (page - 1) * size;
    where.textContent = shown ? `${from + 1}–${from + shown} of ${model.get('total').toLocaleString()}` : '';
    before.disabled = page <= 1;
    after.disabled = from + shown >= model.get('total');
  }

  function drawWrong() {
    const said = model.get('wrong');
    wrong.replaceChildren();
    if (said.message) wrong.append(made('pre', '', said.message), made('p', 'nbmlops-x-quiet', said.hint));
  }

  const draw = () => {
    drawHead();
    drawRows();
    drawBar();
    drawWrong();
  };
  model.on('change:drawn', draw);
  model.on('change:picked', () => {
    drawRows();
    drawBar();
  });
  model.on('change:filter', () => {
    if (document.activeElement !== filter) filter.value = model.get('filter');
  });
  draw();
}

export default { render };
