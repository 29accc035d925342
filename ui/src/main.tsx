import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { get } from "./airflow";
import { parseQuery } from "./model";
import { Empty } from "./Parts";
import { StoryboardTab } from "./StoryboardTab";
import "./styles.css";
import { MediaTab } from "./MediaTab";
import { followTheme } from "./theme";

function Page({ operators }: { operators: ReadonlySet<string> }) {
  const { dagId, runId, taskId, mapIndex } = parseQuery(window.location.search);
  if (!dagId || !runId) return <Empty head="No task">Open this page from a task or a run in Airflow.</Empty>;
  if (!taskId) return <StoryboardTab dagId={dagId} runId={runId} operators={operators} />;
  return <MediaTab owner={{ dagId, runId, taskId, mapIndex: mapIndex ?? -1 }} operators={operators} />;
}

followTheme();
const root = createRoot(document.getElementById("root")!);
void get<string[]>("operators.json")
  .catch(() => [])
  .then((names) =>
    root.render(
      <StrictMode>
        <Page operators={new Set(names)} />
      </StrictMode>,
    ),
  );
