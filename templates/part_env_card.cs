<?cs # part_env_card.cs: one environment as a card: env_card(v) ?><?cs def:env_card(v) ?><section class="card"><h2><a href="<?cs var:v.href ?>"><?cs var:v.name ?></a></h2>
<p><?cs call:state(v.state) ?> <span class="muted"><?cs var:v.kind ?></span></p>
<p><?cs var:v.reason ?><?cs if:v.good.id ?> Last good backup: <a href="<?cs var:v.good.href ?>"><?cs var:v.good.id ?></a>, <?cs call:when(v.good.at) ?>, <?cs call:size(v.good.size) ?>.<?cs /if ?></p>
<div class="actions"><?cs if:page.may.backup && !v.paused ?><a class="button is-primary" href="<?cs var:v.base ?>/backups/new">Create backup<span class="unseen"> of <?cs var:v.label ?></span></a> <?cs /if ?><a class="button" href="<?cs var:v.href ?>">Backups<span class="unseen"> of <?cs var:v.label ?></span></a></div></section><?cs /def ?>
