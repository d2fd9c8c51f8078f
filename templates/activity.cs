<?cs # activity.cs: who did what in an environment ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<?cs if:subcount(events) ?><table class="list" role="table" aria-label="Activity">
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">When</th><th role="columnheader" scope="col">Who</th><th role="columnheader" scope="col">What</th><th role="columnheader" scope="col">From</th></tr></thead>
<tbody role="rowgroup">
<?cs each:ev = events ?><tr role="row"><td role="cell" data-label="When"><span class="stamp"><?cs call:time(ev.at) ?></span></td><td role="cell" data-label="Who"><?cs var:ev.actor ?></td><td role="cell" data-label="What"><span><?cs var:ev.words ?><?cs if:ev.href ?> <a href="<?cs var:ev.href ?>"><?cs var:ev.target ?></a><?cs elif:ev.target ?> <?cs var:ev.target ?><?cs /if ?><?cs if:ev.detail ?><span class="why"><?cs var:ev.detail ?></span><?cs /if ?></span></td><td role="cell" data-label="From"><?cs if:ev.from ?><?cs var:ev.from ?><?cs else ?><span class="muted">—</span><?cs /if ?></td></tr>
<?cs /each ?></tbody></table>
<?cs call:pager(pager) ?>
<?cs else ?><div class="empty"><?cs call:empty("Nothing has happened yet", "Who did what and when is noted here, and cannot be changed.") ?></div>
<?cs /if ?><?cs include!"foot.cs" ?>
