import { startAccess } from "./server/access.js";
import { startLibrary } from "./library/library.js";
import { reload } from "./library/list.js";
import { startExamples } from "./talk/examples.js";
import { startKeys } from "./server/keys.js";
import { startLanguage } from "./words/language.js";
import { here, visit } from "./frame/navigation.js";
import { startPane } from "./frame/pane.js";
import { startPlace } from "./source/place.js";
import { startShelf } from "./talk/shelf.js";
import { startSource } from "./source/source.js";
import { startSteps } from "./source/steps.js";
import { askQuestion, followTalk, openConversation, startTalk } from "./talk/talk.js";
import { startThemes } from "./frame/themes.js";
import { startUploads } from "./library/uploads.js";
import { followPane, open, startView } from "./frame/view.js";

function follow() {
  const showsPlace = followPane();
  followTalk(here(), { andPlace: !showsPlace });
}

startLanguage();
startThemes();
startKeys();
startAccess();
startPane();
startView();
startPlace();
startSource();
startSteps(open);
startTalk();
startShelf((conversation) => {
  visit({ conversation, question: null });
  openConversation(conversation);
  followPane();
});
startUploads(reload);
startLibrary(open);
startExamples(askQuestion);
follow();
addEventListener("popstate", follow);
