<?cs # backups.cs: the backups of an environment ?><?cs include!"macros.cs" ?><?cs include!"part_backup_row.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="safety"><?cs call:state(env.state) ?> <span><?cs var:env.reason ?><?cs
if:env.good.id && !filter.on ?> Last good backup: <a href="<?cs var:env.good.href ?>"><?cs var:env.good.id ?></a>, <?cs call:when(env.good.at) ?>.<?cs /if ?><?cs
if:env.coming.id && !filter.on ?> <a href="<?cs var:env.coming.href ?>">Watch <?cs var:env.coming.id ?></a><?cs /if ?><?cs
if:env.failed.id && !filter.on ?> <a href="<?cs var:env.failed.href ?>">What went wrong in <?cs var:env.failed.id ?></a><?cs /if ?></span></p>
<?cs if:page.may.backup ?><div class="actions"><?cs
if:env.paused ?><a class="button" href="<?cs var:page.env.href ?>/settings">Resume in the settings</a><?cs
elif:no_services ?><a class="button is-primary" href="<?cs var:page.env.href ?>/services/new"><?cs call:icon("plus") ?>Add a service</a><?cs
else ?><a class="button is-primary" href="<?cs var:base ?>/new" data-key="c"><?cs call:icon("plus") ?>Create backup</a><?cs if:page.may.restore && env.good.id ?> <a class="button" href="<?cs var:page.env.href ?>/restore">Restore the latest…</a><?cs if:forecast ?> <span class="muted"><?cs var:forecast ?></span><?cs /if ?><?cs /if ?><?cs /if ?></div>
<?cs /if ?>
<?cs if:sched.off.at.iso ?><div class="notice is-warn"><?cs call:icon("warning") ?><p>Scheduled backups are off since <time datetime="<?cs var:sched.off.at.iso ?>"><?cs var:sched.off.at.date ?> UTC</time> by <?cs var:sched.off.by ?>.</p><?cs if:sched.off.inherited ?><p><a href="<?cs var:sched.href ?>">They are set further up</a></p><?cs elif:page.may.configure ?><form method="post" action="<?cs var:sched.off.href ?>" class="act"><?cs call:secret() ?><input type="hidden" name="on" value="1"><?cs call:button("Turn on", "") ?></form><?cs /if ?></div>
<?cs /if ?><?cs if:subcount(backups) || filter.on || pager.newer ?><form class="filters" method="get" action="<?cs var:base ?>">
<div class="field"><label for="kind">Kind</label><select id="kind" name="kind"><?cs each:o = filter.kinds ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="field"><label for="state">Status</label><select id="state" name="state"><?cs each:o = filter.states ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="field"><label for="service">Service</label><select id="service" name="service"><?cs each:o = filter.services ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="field"><label for="q">Note contains</label><input type="search" id="q" name="q" value="<?cs var:filter.note ?>" autocomplete="off"></div>
<button type="submit" class="button"><?cs call:icon("search") ?>Filter</button><?cs if:filter.on ?> <a class="button is-quiet" href="<?cs var:base ?>">Clear filters</a><?cs /if ?>
</form>
<?cs /if ?><?cs each:u = unknown ?><p role="status"><?cs var:u.text ?></p>
<?cs /each ?>
<?cs if:subcount(backups) ?><table class="list is-wide" role="table" aria-label="Backups">
<?cs call:backup_head("1") ?>
<tbody role="rowgroup">
<?cs if:first_page && !filter.on ?><tr role="row" class="next"><td role="cell" colspan="8"><?cs call:icon("queued") ?> <strong>Next scheduled backup:</strong> <?cs
if:sched.next.iso ?><time datetime="<?cs var:sched.next.iso ?>"><?cs var:sched.next.text ?> <?cs var:sched.next.offset ?></time>, <span class="ago" data-ago="<?cs var:sched.next.iso ?>"><?cs var:sched.next.ago ?></span>. <a href="<?cs var:sched.href ?>"><?cs var:sched.by.name ?></a>: <?cs call:schedule_when(sched.by) ?><?cs
elif:sched.href && !sched.none ?>none. <a href="<?cs var:sched.href ?>">The schedule</a> is <?cs if:env.paused ?>paused with the environment<?cs else ?>turned off<?cs /if ?>.<?cs
else ?>none. No schedule: backups are made on demand, so what changes after the last one is not covered.<?cs if:sched.href && page.may.configure ?> <a href="<?cs var:sched.href ?>">Set a schedule</a><?cs /if ?><?cs /if ?></td></tr>
<?cs /if ?><?cs each:b = backups ?><?cs call:backup_row(b, "1") ?>
<?cs /each ?></tbody></table>
<?cs if:page.may.delete ?><form id="bulk" method="post" action="<?cs var:base ?>/delete"><?cs call:secret() ?><div class="actions"><button type="submit" class="button is-danger"><?cs call:icon("trash") ?>Delete selected…</button></div></form>
<?cs /if ?><?cs call:backup_acts() ?><?cs call:pager(pager) ?>
<?cs elif:filter.on || pager.newer ?><div class="empty"><?cs call:empty("No backup matches these filters", "Other backups of this environment may be there.") ?><div class="actions"><a class="button" href="<?cs var:base ?>">Clear filters</a></div></div>
<?cs elif:no_services ?><div class="empty"><?cs call:empty("Nothing to back up yet", "An environment has services: a database, a folder of files. Add the first one, then back it up.") ?></div>
<?cs else ?><div class="empty"><?cs call:empty("No backups yet", "A backup takes the database, the media or both, and stays until you delete it.") ?><?cs if:sched.next.iso ?><p>The first scheduled one: <?cs call:moment(sched.next) ?>.</p><?cs elif:page.may.configure && sched.none ?><div class="actions"><a class="button" href="<?cs var:sched.href ?>">Set a schedule</a></div><?cs /if ?></div>
<?cs /if ?><p class="muted"><?cs if:csv ?><a href="<?cs var:csv ?>">CSV<span class="unseen"> of this list</span></a> · <?cs /if ?><a href="/help/backups">What is backed up, and what is not</a> · <a href="/help/storage">How long backups stay</a></p>
<?cs include!"foot.cs" ?>
