"""The table of all pages and forms; a line is a Route of http/route.py.

server.py makes an endpoint of each line. The handler gets the path's parameters by name; `handle` is a username with
its @. Forms (POST) have a csrf token, which is checked before the handler runs.
"""

from ..access import limits
from ..access.roles import Permission
from ..http.route import ADMIN, ANYONE, FREE, SLOW
from ..orgs.directory import sign_on
from ..social import follows, reactions, reports
from .page_route import PageRoute as PageRoute
from .page_route import staff
from .screens.entry import invited, login, mailed, oauth
from .screens.org import routes as org
from .screens.people import collections, people_lists, profiles, reporting
from .screens.posts import compose, drafts, posts, quotes
from .screens.processes import routes as processes
from .screens.reading import announced, feeds, home, live, notifications, search
from .screens.rooms import routes as rooms
from .screens.settings import (
    app_passwords,
    filtering,
    filters,
    leaving,
    mail,
    moving,
    passkeys,
    portability,
    second_factor,
    settings,
    strikes,
)
from .screens.showroom import ui
from .screens.staff import accounts, appeals, mails, places
from .screens.staff import reports as reported
from .screens.staff import trends as trending

POST_PATH = "/{handle}/{id}"


REPORTS, USERS, APPEALS = Permission.MANAGE_REPORTS, Permission.MANAGE_USERS, Permission.MANAGE_APPEALS

ROUTES: list[PageRoute] = [
    # log in, sign up
    PageRoute("GET", "/", home.start, who=ANYONE),
    PageRoute("GET", "/about", home.about, who=ANYONE),
    PageRoute("GET", "/sign-up", login.sign_up_form, who=ANYONE, popup=True, when_closed=True),
    PageRoute(
        "POST",
        "/sign-up",
        login.sign_up,
        who=ANYONE,
        again=login.sign_up_again,
        cost=SLOW,
        popup=True,
        when_closed=True,
    ),
    PageRoute("GET", "/login", login.login_form, who=ANYONE, popup=True, when_closed=True),
    PageRoute(
        "POST", "/login", login.login, who=ANYONE, again=login.login_again, cost=SLOW, popup=True, when_closed=True
    ),
    PageRoute("GET", "/login/oidc", login.at_provider, who=ANYONE, popup=True, when_closed=True),
    PageRoute("GET", sign_on.BACK, login.from_provider, who=ANYONE, popup=True, when_closed=True),
    PageRoute(
        "POST",
        "/login/passkey",
        login.by_passkey,
        who=ANYONE,
        again=login.login_again,
        cost=SLOW,
        popup=True,
        when_closed=True,
    ),
    PageRoute(
        "POST",
        "/login/code",
        login.second_step_of,
        who=ANYONE,
        again=login.second_step_again,
        popup=True,
        when_closed=True,
    ),
    PageRoute(
        "POST",
        "/sign-up/mail",
        mailed.send_again,
        who=ANYONE,
        again=mailed.send_form_again,
        popup=True,
        when_closed=True,
    ),
    PageRoute("GET", f"{invited.PATH}/{{secret}}", invited.form, who=ANYONE, when_closed=True),
    PageRoute("POST", invited.PATH, invited.accept, who=ANYONE, again=invited.again, cost=SLOW, when_closed=True),
    PageRoute("GET", "/confirm/{secret}", mailed.confirm_form, who=ANYONE, when_closed=True),
    PageRoute("POST", "/confirm", mailed.confirm, who=ANYONE, when_closed=True),
    PageRoute("GET", "/forgot", mailed.forgot_form, who=ANYONE, popup=True, when_closed=True),
    PageRoute("POST", "/forgot", mailed.forgot, who=ANYONE, again=mailed.forgot_again, popup=True, when_closed=True),
    PageRoute("GET", "/reset/{secret}", mailed.reset_form, who=ANYONE, when_closed=True),
    PageRoute("POST", "/reset", mailed.reset, who=ANYONE, again=mailed.reset_again, cost=SLOW, when_closed=True),
    PageRoute("POST", "/logout", login.logout, when_closed=True, when_moved=True, even_limited=True),
    PageRoute("GET", "/oauth/authorize", oauth.consent_form, who=ANYONE, popup=True, when_closed=True),
    PageRoute("POST", "/oauth/authorize", oauth.consent, popup=True, when_closed=True),
    PageRoute("GET", "/oauth/authorize/native", oauth.show_code, who=ANYONE, popup=True, when_closed=True),
    # reading
    PageRoute("GET", "/home", home.home),
    PageRoute("GET", "/home/live", live.live, cost=FREE),
    PageRoute("POST", "/announcements/{id}/dismiss", announced.dismiss),
    PageRoute("POST", "/announcements/{id}/react", announced.react, again=announced.again),
    PageRoute("POST", "/announcements/{id}/unreact", announced.take_back),
    PageRoute("GET", "/public", home.public, who=ANYONE),
    PageRoute("GET", "/tags/{name}", home.tag, who=ANYONE),
    *(
        PageRoute("GET", path.format(form), show(form), who=ANYONE, when_closed=path.startswith("/feeds"))
        for path, show in feeds.PATHS.items()
        for form in feeds.TYPES
    ),
    PageRoute("GET", "/search", search.search, who=ANYONE, again=search.again, cost=SLOW),
    PageRoute("GET", "/notifications", notifications.show),
    PageRoute("GET", "/bookmarks", home.bookmarks),
    PageRoute("GET", "/follow-requests", people_lists.follow_requests),
    # writing
    PageRoute("GET", "/compose", compose.form),
    PageRoute("POST", "/compose", compose.send, uploads=True, again=compose.again),
    PageRoute("GET", "/drafts", drafts.undated),
    PageRoute("GET", "/scheduled", drafts.scheduled),
    PageRoute("GET", "/drafts/{id}", drafts.edit_form),
    PageRoute("POST", "/drafts/{id}/delete", drafts.delete),
    # settings
    PageRoute("GET", "/settings", settings.profile_form),
    PageRoute("POST", "/settings", settings.save_profile, uploads=True, again=settings.profile_again),
    PageRoute("GET", "/settings/posting", settings.posting_form),
    PageRoute("POST", "/settings/posting", settings.save_posting, again=settings.posting_again),
    PageRoute("GET", mail.PATH, mail.form),
    PageRoute("POST", mail.PATH, mail.save, again=mail.form_again),
    PageRoute("POST", f"{mail.PATH}/on", mail.switch_on),
    PageRoute("GET", mail.STOP_PATH, mail.stop_form, who=ANYONE, when_closed=True),
    PageRoute("POST", mail.STOP_PATH, mail.stop, who=ANYONE, when_closed=True, signed=True),
    PageRoute("GET", "/settings/filters", filters.index),
    PageRoute("GET", "/settings/filters/new", filters.new_form),
    PageRoute("POST", "/settings/filters/new", filters.create, again=filters.new_again),
    PageRoute("GET", filtering.PATH, filtering.form),
    PageRoute("POST", filtering.PATH, filtering.add, again=filtering.again),
    PageRoute("GET", filters.EDIT_PATH, filters.edit_form),
    PageRoute("POST", filters.EDIT_PATH, filters.save, again=filters.edit_again),
    PageRoute("POST", f"{filters.EDIT_PATH}/delete", filters.delete),
    PageRoute("GET", "/settings/data", portability.show, when_moved=True),
    PageRoute(
        "POST", "/settings/data", portability.bring_in, uploads=True, again=portability.again, limits=limits.IMPORT
    ),
    PageRoute(
        "POST",
        "/settings/data/posts",
        portability.bring_in_posts,
        uploads=True,
        file_bytes_max=portability.ARCHIVE_BYTES_MAX,
        again=portability.again_for_posts,
        limits=limits.IMPORT,
        cost=SLOW,
    ),
    PageRoute(
        "POST",
        "/settings/data/archive",
        portability.ask_for_archive,
        again=portability.again_for_archive,
        when_moved=True,
    ),
    PageRoute("GET", "/settings/data/archives/{id}", portability.archive, when_moved=True),
    PageRoute("GET", "/settings/data/{name}", portability.take_out, cost=SLOW, when_moved=True),
    PageRoute("GET", f"{portability.IMPORT_PATH}/failed.csv", portability.failed, cost=SLOW, when_moved=True),
    PageRoute("POST", f"{portability.IMPORT_PATH}/delete", portability.delete),
    PageRoute("GET", "/settings/access", settings.access_form, when_moved=True),
    PageRoute(
        "POST",
        "/settings/password",
        settings.change_password,
        again=settings.password_again,
        cost=SLOW,
        when_moved=True,
    ),
    PageRoute("POST", "/settings/email", settings.change_email, again=settings.email_again, cost=SLOW, when_moved=True),
    PageRoute("GET", "/settings/second-factor", second_factor.form, when_moved=True),
    PageRoute(
        "POST",
        "/settings/second-factor/on",
        second_factor.turn_on,
        again=second_factor.again,
        cost=SLOW,
        when_moved=True,
    ),
    PageRoute(
        "POST",
        "/settings/second-factor/codes",
        second_factor.replace,
        again=second_factor.again,
        cost=SLOW,
        when_moved=True,
    ),
    PageRoute(
        "POST",
        "/settings/second-factor/off",
        second_factor.turn_off,
        again=second_factor.again,
        cost=SLOW,
        when_moved=True,
    ),
    PageRoute("GET", passkeys.PATH, passkeys.form, when_moved=True),
    PageRoute("POST", passkeys.PATH, passkeys.add, again=passkeys.again, cost=SLOW, when_moved=True),
    PageRoute("POST", f"{passkeys.PATH}/remove", passkeys.remove, again=passkeys.again, cost=SLOW, when_moved=True),
    PageRoute("GET", app_passwords.PATH, app_passwords.form, when_moved=True),
    PageRoute("POST", app_passwords.PATH, app_passwords.make, again=app_passwords.again, cost=SLOW, when_moved=True),
    PageRoute("POST", f"{app_passwords.PATH}/end", app_passwords.end, when_moved=True),
    PageRoute("GET", moving.PATH, moving.form, when_moved=True),
    PageRoute("POST", moving.PATH, moving.move, again=moving.again, cost=SLOW),
    PageRoute("POST", f"{moving.PATH}/back", moving.come_back, when_moved=True),
    PageRoute("POST", f"{moving.PATH}/aliases", moving.add_alias, again=moving.alias_again),
    PageRoute("POST", f"{moving.PATH}/aliases/remove", moving.remove_alias),
    PageRoute("GET", "/settings/leave", leaving.form, when_moved=True),
    PageRoute("POST", "/settings/leave", leaving.leave, again=leaving.again, cost=SLOW, when_moved=True),
    PageRoute("GET", "/gone", leaving.gone, who=ANYONE, when_closed=True),
    PageRoute("POST", "/settings/sessions", settings.end_sessions, when_moved=True),
    PageRoute("POST", "/settings/apps", settings.revoke_app, when_moved=True),
    PageRoute("GET", strikes.PATH, strikes.index, when_moved=True, even_limited=True),
    PageRoute("GET", strikes.ONE, strikes.show, when_moved=True, even_limited=True),
    PageRoute("POST", f"{strikes.ONE}/appeal", strikes.appeal, again=strikes.again, when_moved=True, even_limited=True),
    # staff
    PageRoute("GET", "/admin", places.start, who=ADMIN),
    staff("GET", reported.PATH, reported.queue, REPORTS),
    staff("GET", reported.ONE, reported.show, REPORTS),
    staff("POST", f"{reported.ONE}/take", reported.change(reported.take), REPORTS),
    staff("POST", f"{reported.ONE}/leave", reported.change(reported.leave), REPORTS),
    staff("POST", f"{reported.ONE}/resolve", reported.change(reports.resolve), REPORTS),
    staff("POST", f"{reported.ONE}/reopen", reported.change(reports.reopen), REPORTS),
    staff("GET", f"{reported.ONE}/posts", reported.posts_form, USERS),
    staff("POST", f"{reported.ONE}/posts", reported.act_on_posts, USERS, reported.posts_again),
    staff("GET", accounts.SIGN_UPS, accounts.sign_ups, USERS),
    staff("GET", accounts.PATH, accounts.index, USERS),
    staff("GET", accounts.ONE, accounts.show, USERS),
    staff("GET", f"{accounts.ONE}/act", accounts.act_form, USERS),
    staff("POST", f"{accounts.ONE}/act", accounts.act, USERS, accounts.act_again),
    staff("POST", f"{accounts.ONE}/enable", accounts.undo("enable"), USERS),
    staff("POST", f"{accounts.ONE}/unsilence", accounts.undo("unsilence"), USERS),
    staff("POST", f"{accounts.ONE}/unsensitive", accounts.undo("unsensitive"), USERS),
    staff("POST", f"{accounts.ONE}/unsuspend", accounts.undo("unsuspend"), USERS),
    staff("POST", f"{accounts.ONE}/approve", accounts.undo("approve", back=accounts.SIGN_UPS), USERS),
    staff("GET", f"{accounts.ONE}/reject", accounts.REJECT.form, USERS),
    staff("POST", f"{accounts.ONE}/reject", accounts.REJECT.do, USERS, accounts.REJECT.again),
    staff("GET", f"{accounts.ONE}/delete", accounts.DELETE.form, Permission.DELETE_USER_DATA),
    staff("POST", f"{accounts.ONE}/delete", accounts.DELETE.do, Permission.DELETE_USER_DATA, accounts.DELETE.again),
    staff("GET", appeals.PATH, appeals.index, APPEALS),
    staff("POST", f"{appeals.PATH}/{{id}}/accept", appeals.accept, APPEALS),
    staff("POST", f"{appeals.PATH}/{{id}}/refuse", appeals.refuse, APPEALS),
    staff("GET", mails.PATH, mails.index, REPORTS),
    staff("POST", f"{mails.PATH}/{{id}}/let_in", mails.let_in, REPORTS),
    staff("POST", f"{mails.PATH}/{{id}}/refuse", mails.refuse, REPORTS),
    staff("GET", trending.PATH, trending.index, Permission.MANAGE_TAXONOMIES),
    staff("POST", trending.PATH, trending.decide, Permission.MANAGE_TAXONOMIES),
    *org.ROUTES,
    *rooms.ROUTES,
    *processes.ROUTES,
    # people
    PageRoute("GET", "/collections/{id}", collections.show, who=ANYONE),
    PageRoute("POST", "/collections/{id}/leave", collections.leave),
    PageRoute("GET", "/{handle}", profiles.posts, who=ANYONE),
    PageRoute("GET", "/{handle}/with_replies", profiles.with_replies, who=ANYONE),
    PageRoute("GET", "/{handle}/media", profiles.media, who=ANYONE),
    PageRoute("GET", "/{handle}/followers", people_lists.followers, who=ANYONE),
    PageRoute("GET", "/{handle}/following", people_lists.following, who=ANYONE),
    PageRoute("GET", "/{handle}/report", reporting.form),
    PageRoute("POST", "/{handle}/report", reporting.file, again=reporting.again, limits=limits.REPORT),
    PageRoute("POST", "/{handle}/follow", profiles.relate(follows.follow)),
    PageRoute("POST", "/{handle}/unfollow", profiles.relate(follows.unfollow)),
    PageRoute("POST", "/{handle}/block", profiles.relate(follows.block)),
    PageRoute("POST", "/{handle}/unblock", profiles.relate(follows.unblock)),
    PageRoute("POST", "/{handle}/mute", profiles.relate(follows.mute)),
    PageRoute("POST", "/{handle}/unmute", profiles.relate(follows.unmute)),
    PageRoute("POST", "/{handle}/drop", profiles.relate(follows.remove_follower)),
    PageRoute("POST", "/{handle}/accept", profiles.relate(profiles.accept)),
    PageRoute("POST", "/{handle}/reject", profiles.relate(profiles.reject)),
    # posts
    PageRoute("GET", POST_PATH, posts.thread, who=ANYONE),
    PageRoute("GET", f"{POST_PATH}/embed", posts.embed, who=ANYONE, embedded=True),
    PageRoute("GET", f"{POST_PATH}/edit", compose.edit_form),
    PageRoute("POST", f"{POST_PATH}/edit", compose.edit, uploads=True, again=compose.edit_again),
    PageRoute("GET", f"{POST_PATH}/delete", posts.delete_form),
    PageRoute("POST", f"{POST_PATH}/delete", posts.delete),
    PageRoute("POST", f"{POST_PATH}/vote", posts.vote),
    PageRoute("GET", f"{POST_PATH}/quotes", quotes.index),
    PageRoute("POST", f"{POST_PATH}/quote-policy", quotes.change_policy, again=quotes.again),
    PageRoute("GET", f"{POST_PATH}/unquote", quotes.take_back_form),
    PageRoute("POST", f"{POST_PATH}/unquote", quotes.take_back),
    PageRoute("GET", f"{POST_PATH}/favourites", people_lists.favourited_by, who=ANYONE),
    PageRoute("GET", f"{POST_PATH}/boosts", people_lists.boosted_by, who=ANYONE),
    PageRoute("POST", f"{POST_PATH}/favourite", posts.react(reactions.favourite)),
    PageRoute("POST", f"{POST_PATH}/unfavourite", posts.react(reactions.unfavourite)),
    PageRoute("POST", f"{POST_PATH}/boost", posts.react(reactions.boost)),
    PageRoute("POST", f"{POST_PATH}/unboost", posts.react(reactions.unboost)),
    PageRoute("POST", f"{POST_PATH}/bookmark", posts.react(reactions.bookmark)),
    PageRoute("POST", f"{POST_PATH}/unbookmark", posts.react(reactions.unbookmark)),
    PageRoute("POST", f"{POST_PATH}/pin", posts.react(reactions.pin)),
    PageRoute("POST", f"{POST_PATH}/unpin", posts.react(reactions.unpin)),
    PageRoute("POST", f"{POST_PATH}/mute", posts.react(reactions.mute_thread)),
    PageRoute("POST", f"{POST_PATH}/unmute", posts.react(reactions.unmute_thread)),
]

SHOWROOM = PageRoute("GET", "/ui", ui.show, who=ANYONE)  # only on demos and test servers


def form_at(path: str) -> tuple[PageRoute, dict[str, str]] | None:
    """(the route for forms at this path, the path's parameters); None: there is none."""
    parts = path.split("/")
    for route in ROUTES:
        pattern = route.path.split("/")
        if route.method == "POST" and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(one == other or (one.startswith("{") and other) for one, other in pairs):
                return route, {one[1:-1]: other for one, other in pairs if one.startswith("{")}
    return None
