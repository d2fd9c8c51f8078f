<?cs # part_schedule.cs: a schedule in a few words, the buttons of one, and when it runs ?><?cs
 def:schedule_when(s) ?><strong><?cs var:s.words ?></strong><?cs if:s.zone ?>, <?cs var:s.zone ?><?cs /if ?><?cs if:s.spread ?>, up to <?cs var:s.spread ?> minutes later<?cs /if ?> <code class="muted"><?cs var:s.cron ?></code> <?cs /def ?><?cs
 def:schedule_state(s) ?><?cs if:s.paused.iso ?>Paused until <time datetime="<?cs var:s.paused.iso ?>"><?cs var:s.paused.date ?> UTC</time><?cs elif:s.on ?>On<?cs else ?>Off<?cs if:s.off.at.iso ?> since <?cs var:s.off.at.date ?> UTC by <?cs var:s.off.by ?><?cs /if ?><?cs /if ?><?cs /def ?><?cs
 def:schedule_what(s) ?>taken <?cs if:s.consistent ?>consistent<?cs else ?>live<?cs /if ?><?cs if:s.only ?>, <?cs var:s.only ?> chosen service<?cs if:s.only != "1" ?>s<?cs /if ?><?cs /if ?><?cs if:s.everywhere || s.projects ?>, <?cs if:s.all_kinds ?>every environment<?cs else ?>live environments<?cs /if ?><?cs /if ?><?cs if:s.tells ?>, <?cs var:s.tells ?><?cs /if ?><?cs /def ?><?cs
 def:moment(m) ?><?cs if:m.iso ?><time datetime="<?cs var:m.iso ?>"><?cs var:m.text ?> <?cs var:m.offset ?></time> <span class="ago" data-ago="<?cs var:m.iso ?>"><?cs var:m.ago ?></span><?cs /if ?><?cs /def ?><?cs
 def:schedule_acts(s) ?><details class="menu"><summary class="button">More<span class="unseen"> for <?cs var:s.name ?></span></summary><ul>
<li><a href="<?cs var:s.href ?>">Edit</a></li>
<li><form method="post" action="<?cs var:s.href ?>/switch"><?cs call:secret() ?><input type="hidden" name="on" value="<?cs if:s.on ?>0<?cs else ?>1<?cs /if ?>"><button type="submit"><?cs if:s.on ?>Turn off<?cs else ?>Turn on<?cs /if ?></button></form></li>
<?cs if:s.paused.iso ?><li><?cs call:menu_act(s.href + "/pause", "End the pause", "ok") ?></li><?cs /if ?>
<li><a href="<?cs var:s.href ?>/remove">Remove…</a></li>
</ul></details><?cs /def ?><?cs #
?>
