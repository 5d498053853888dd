// For TanStack Query, version 5.
import { canonical } from "./receipt.js";

/** Options for `useQuery` and its like: fresh for as long as the proxy says. The client retries by itself. */
export const queryOptions = (client, receipt, options) => ({
  queryKey: ["torch-edge", canonical(receipt) ?? String(receipt)],
  queryFn: ({ signal }) => client.get(receipt, { ...options, signal }),
  staleTime: ({ state }) => (state.data?.meta.freshFor ?? 0) * 1000,
  retry: false,
});
