<?cs # channels.cs: where notices go, and what became of them ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<p class="lead"><?cs if:instance ?>These channels hear of every project, unless switched off there. Each project and each environment can have more of its own.<?cs elif:of_environment ?>Channels of this environment hear of it alone; those of its project and of the instance hear of it, too, unless they are switched off here.<?cs else ?>Channels of this project hear of all its environments, unless switched off there; those of the instance hear of them, too, unless they are switched off here.<?cs /if ?></p>
<?cs if:subcount(channels) ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/new"><?cs call:icon("plus") ?>Add a channel</a></div>
<table class="list" role="table" aria-label="Channels">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Channel</th>
<th role="columnheader" scope="col">Kind</th>
<th role="columnheader" scope="col">Target</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:c = channels ?><tr role="row">
<th role="rowheader" scope="row" data-label="Channel"><a href="<?cs var:c.href ?>"><?cs var:c.name ?></a></th>
<td role="cell" data-label="Kind"><?cs var:c.kind ?></td>
<td role="cell" class="wide" data-label="Target"><?cs var:c.target ?></td>
<td role="cell" data-label="State"><span><?cs call:state(c.state) ?><?cs each:o = c.off ?><span class="why"><?cs if:o.told ?>but told in<?cs else ?>not in<?cs /if ?> <a href="<?cs var:o.href ?>"><?cs var:o.place ?></a>, since <?cs call:when(o.since) ?><?cs if:o.by ?>, by <?cs var:o.by ?><?cs /if ?></span><?cs /each ?></span></td>
<td role="cell"><div class="actions"><?cs if:c.on && !c.unconfirmed ?><?cs call:act(c.href + "/test", "Send test", "") ?><?cs elif:c.on ?><?cs call:act(c.href + "/ask", "Ask again", "") ?><?cs else ?><?cs call:act(c.href + "/on", "Turn on", "") ?><?cs /if ?></div></td>
</tr>
<?cs /each ?></tbody></table>
<?cs else ?><div class="empty"><?cs if:subcount(above) ?><?cs call:empty("No channels of its own", "Those below hear of what happens here.") ?><?cs else ?><?cs call:empty("No channels", "Nobody is told when a backup fails or does not come, but for the mails that jobs send by themselves.") ?><?cs /if ?><div class="actions"><a class="button is-primary" href="<?cs var:base ?>/new"><?cs call:icon("plus") ?>Add a channel</a></div></div>
<?cs /if ?><?cs if:subcount(above) ?><h2>Inherited channels</h2>
<table class="list" role="table" aria-label="Inherited channels">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Channel</th>
<th role="columnheader" scope="col">Target</th>
<th role="columnheader" scope="col">State</th>
<th role="columnheader" scope="col">Told here?</th>
<th role="columnheader" scope="col"><span class="unseen">Actions</span></th>
</tr></thead>
<tbody role="rowgroup">
<?cs each:c = above ?><tr role="row">
<th role="rowheader" scope="row" data-label="Channel"><span><?cs var:c.name ?><span class="why">from <?cs var:c.origin ?></span></span></th>
<td role="cell" class="wide" data-label="Target"><span><?cs var:c.target ?><span class="why"><?cs var:c.kind ?></span></span></td>
<td role="cell" data-label="State"><?cs call:state(c.state) ?></td>
<td role="cell" class="wide" data-label="Told here?"><span><?cs if:c.quiet ?><strong>no: <?cs var:c.quiet ?></strong> <span class="muted">but for that,</span> <?cs /if ?><?cs if:c.own ?><strong><?cs var:c.own ?></strong> <span class="muted">set here; otherwise it would be <?cs var:c.inherited ?>, from <?cs var:c.said ?></span><?cs else ?><span class="muted">inherited:</span> <strong><?cs var:c.inherited ?></strong> <span class="muted">from <?cs var:c.said ?></span><?cs /if ?></span></td>
<td role="cell"><form method="post" action="<?cs var:c.say ?>" class="act"><?cs call:secret() ?><div class="actions"><?cs if:c.turns ?><button type="submit" class="button" name="say" value="<?cs if:c.told ?>not-here<?cs else ?>told<?cs /if ?>"><?cs if:c.told ?>Not here<?cs else ?>Tell it here<?cs /if ?><span class="unseen">: <?cs var:c.name ?></span></button> <?cs /if ?><?cs if:c.own ?><button type="submit" class="button" name="say" value="inherit">Use inherited<span class="unseen"> for <?cs var:c.name ?></span></button><?cs /if ?></div></form></td>
</tr>
<?cs /each ?></tbody></table>
<?cs /if ?><?cs if:subcount(columns) ?><h2>Who is told of what</h2>
<table class="list" role="table" aria-label="Events and channels">
<thead role="rowgroup"><tr role="row">
<th role="columnheader" scope="col">Event</th>
<?cs each:c = columns ?><th role="columnheader" scope="col"><?cs var:c.name ?></th>
<?cs /each ?></tr></thead>
<tbody role="rowgroup">
<?cs each:g = grid ?><tr role="row">
<th role="rowheader" scope="row" data-label="Event"><?cs var:g.text ?></th>
<?cs each:cell = g.cells ?><td role="cell" data-label="<?cs var:cell.name ?>"><?cs if:cell.on ?><?cs call:icon("ok") ?> yes<?cs elif:cell.quiet ?><span class="muted"><?cs var:cell.quiet ?></span><?cs else ?><span class="muted">—</span><?cs /if ?></td>
<?cs /each ?></tr>
<?cs /each ?></tbody></table>
<?cs /if ?><?cs if:subcount(channels) ?><h2>Delivery log</h2>
<?cs include!"part_notice_log.cs" ?>
<?cs call:pager(pager) ?>
<?cs /if ?><p class="muted"><a href="/help/notifications">What is told, and how it is signed</a></p>
<?cs include!"foot.cs" ?>
