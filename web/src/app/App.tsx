//! Owns the frame around every page: theme, notices, server state, routes.

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { Problem } from "../api/problem";
import { router } from "./router";
import { theme, variables } from "./theme";

/** A refusal will not change by asking again; a lost connection may. */
const worthRetrying = (failures: number, error: unknown): boolean =>
  failures < 3 && (!(error instanceof Problem) || error.outcomeUnknown);

const queryClient = new QueryClient({
  defaultOptions: { queries: { retry: worthRetrying, staleTime: 30_000, refetchOnWindowFocus: false } },
});

export function App() {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Notifications position="bottom-left" limit={3} autoClose={4_500} containerWidth={288} />
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
