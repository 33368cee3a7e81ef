import { LabIcon } from '@jupyterlab/ui-components';

/**
 * The loop: from experiment to endpoint and back, with what it learnt in the middle.
 * JupyterLab's themes colour `stroke` by the class; a `fill` they would colour too.
 */
const MARK = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" viewBox="0 0 24 24">
  <g stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
    <path class="jp-icon3" fill-opacity="0" stroke="#616161" d="M19.8 9.2A8.4 8.4 0 0 0 5.3 7"/>
    <path class="jp-icon3" fill-opacity="0" stroke="#616161" d="M4.9 3.4v4h4"/>
    <path class="jp-icon3" fill-opacity="0" stroke="#616161" d="M4.2 14.8A8.4 8.4 0 0 0 18.7 17"/>
    <path class="jp-icon3" fill-opacity="0" stroke="#616161" d="M19.1 20.6v-4h-4"/>
    <path class="jp-icon3" fill-opacity="0" stroke="#616161" d="M8.4 14.2l2.4-3 2.2 1.8 2.8-3.8"/>
  </g>
</svg>`;

export const markIcon = new LabIcon({ name: 'nbmlops:mark', svgstr: MARK });
