import * as React from 'react';

import { ErrorRecord } from '../api/types';
import { record } from '../model/model';

export interface Asked<T> {
  found: T | null;
  problem: ErrorRecord | null;
}

/**
 * What `ask` gives. It is asked anew when `key` or `stamp` changes: another key is another thing, and what was found is
 * forgotten; another stamp is a later look at the same. An answer that nobody waits for any more is dropped.
 */
export function useAsked<T>(key: string, stamp: unknown, ask: (() => Promise<T>) | null): Asked<T> {
  const [state, setState] = React.useState<Asked<T> & { key: string }>({ found: null, problem: null, key });
  React.useEffect(() => {
    let wanted = true;
    if (ask !== null) {
      ask().then(
        found => wanted && setState({ found, problem: null, key }),
        error => wanted && setState({ found: null, problem: record(error), key })
      );
    }
    return () => {
      wanted = false;
    };
  }, [key, stamp, ask === null]);
  return state.key === key ? state : { found: null, problem: null };
}
