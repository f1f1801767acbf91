/** `nbstream.ReplyView`: one reply as a widget. */

import { instrument } from "./instrument";

export default instrument((session, element) => {
  const remove = session.show("reply", element);
  return { update() {}, remove };
});
