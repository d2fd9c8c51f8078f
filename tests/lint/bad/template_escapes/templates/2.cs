<?cs # 2.cs: one hole ?><p><?cs uvar:x ?></p>
