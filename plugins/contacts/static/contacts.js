// The pages of contacts, live.
import {start} from "../../static/js/feed.js";

start();
